import { type Position, type SourceRange, StrakeError } from '../lib/mod.ts'

/** Whether Go's unicode.IsSpace holds: what BuildKit trims and what parts words. */
export const isBlank = (char: string): boolean =>
  char === ' ' || (char >= '\t' && char <= '\r') || (char >= '\u0085' && wideBlank.test(char))
const wideBlank = /^[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/

/** A piece of a text: `text` stands from `start` to `end` there, but may be written otherwise (quotes, JSON escapes). */
export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A file's text. Offsets and columns count UTF-16 code units; a byte order mark is not part of it. */
export class Source {
  readonly file: string
  readonly text: string
  readonly #lines: number[] = [0]

  constructor(text: string | Uint8Array, file: string) {
    const decoded = typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
    this.file = file
    this.text = decoded.startsWith('\ufeff') ? decoded.slice(1) : decoded
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) this.#lines.push(at + 1)
  }

  position(offset: number): Position {
    let low = 0
    let high = this.#lines.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#lines[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - this.#lines[low]! + 1 }
  }

  range(start: number, end: number): SourceRange {
    return { file: this.file, start: this.position(start), end: this.position(end) }
  }
}

/** An instruction's text, put together from the lines that it is continued over, and where each part of it stands. */
export class Line {
  readonly source: Source
  text = ''
  readonly #at: number[] = []
  readonly #offsets: number[] = []

  constructor(source: Source) {
    this.source = source
  }

  /** Adds the source's text from `start` to `end`. */
  add(start: number, end: number): void {
    if (start === end && this.#at.length > 0) return
    this.#at.push(this.text.length)
    this.#offsets.push(start)
    this.text += this.source.text.slice(start, end)
  }

  /** The indices in (`start`, `end`] at which the text goes on in another line of the source. */
  breaks(start: number, end: number): number[] {
    const first = this.#segment(start) + 1
    let last = first
    while (last < this.#at.length && this.#at[last]! <= end) last++
    return this.#at.slice(first, last)
  }

  /** The offset in the source of the character at `index`. */
  offset(index: number): number {
    const segment = this.#segment(index)
    return this.#offsets[segment]! + index - this.#at[segment]!
  }

  /** The number of the piece that the character at `index` is in. */
  #segment(index: number): number {
    let low = 0
    let high = this.#at.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#at[middle]! <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  range(start: number, end: number): SourceRange {
    const from = this.offset(start)
    return this.source.range(from, end > start ? this.offset(end - 1) + 1 : from)
  }

  /** The part from `start` to `end` without blanks at both ends. */
  trimmed(start: number, end: number): Token {
    let from = start
    let to = end
    while (from < to && isBlank(this.text[from]!)) from++
    while (to > from && isBlank(this.text[to - 1]!)) to--
    return { text: this.text.slice(from, to), start: from, end: to }
  }
}

/** The error of a Dockerfile, in docker's words, at the very place. */
export function parseError(message: string, range: SourceRange, hint?: string): StrakeError {
  return new StrakeError('invalid', `dockerfile parse error on line ${range.start.line}: ${message}`, { range, hint })
}
