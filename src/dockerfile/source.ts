import { type Position, type SourceRange, StrakeError } from '../lib/mod.ts'

/** Whether Go's unicode.IsSpace holds of the character `code`: what BuildKit trims and what parts words. */
export const isBlank = (code: number): boolean =>
  code === 0x20 || (code <= 0x0d && code >= 0x09) || (code >= 0x85 && blank.test(String.fromCharCode(code)))
/** A character of which that holds. */
export const blank = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
/** Those that follow on the same line. */
export const lineBlanks = /[\t\v-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/y

/**
 * Where the characters from `at` on end that `pattern` stands for, a sticky one that matches always. A command line has
 * ended before V8 makes machine code of its loops, and interpreted, one step of a loop takes as long as this.
 */
export function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(text)
  return pattern.lastIndex
}

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
  /** Where each line begins. */
  readonly lines: readonly number[]
  /** The line that was asked for last. */
  #line = 0

  constructor(text: string | Uint8Array, file: string) {
    const decoded = typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text)
    this.file = file
    this.text = decoded.startsWith('\ufeff') ? decoded.slice(1) : decoded
    const lines = [0]
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) lines.push(at + 1)
    this.lines = lines
  }

  position(offset: number): Position {
    const { lines } = this
    // Those who ask go through the file from its top: it is most often the line of last time, or the next one.
    let line = offset >= lines[this.#line + 1]! ? this.#line + 1 : this.#line
    if (offset < lines[line]! || offset >= lines[line + 1]!) line = indexBelow(lines, offset)
    this.#line = line
    return { line: line + 1, column: offset - lines[line]! + 1 }
  }

  range(start: number, end: number): SourceRange {
    const from = this.position(start)
    const next = this.lines[from.line]
    const sameLine = start <= end && (next === undefined || end < next)
    const to = sameLine ? { line: from.line, column: from.column + end - start } : this.position(end)
    return { file: this.file, start: from, end: to }
  }
}

/** The index of the last number that is not above `value`; 0 where there is none. */
function indexBelow(numbers: readonly number[], value: number): number {
  let low = 0
  let high = numbers.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (numbers[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** An instruction's text, put together from the lines that it is continued over, and where each part of it stands. */
export class Line {
  readonly source: Source
  text: string
  /** Of each piece: where it begins in `text`, and in the source. */
  readonly #at = [0]
  readonly #offsets: number[]

  /** Begins with the source's text from `start` to `end`. */
  constructor(source: Source, start: number, end: number) {
    this.source = source
    this.text = source.text.slice(start, end)
    this.#offsets = [start]
  }

  /** Adds the source's text from `start` to `end`. */
  add(start: number, end: number): void {
    if (start === end) return
    this.#at.push(this.text.length)
    this.#offsets.push(start)
    this.text += this.source.text.slice(start, end)
  }

  /** The indices in (`start`, `end`] at which the text goes on in another line of the source. */
  breaks(start: number, end: number): number[] {
    const first = indexBelow(this.#at, start) + 1
    let last = first
    while (last < this.#at.length && this.#at[last]! <= end) last++
    return this.#at.slice(first, last)
  }

  /** The offset in the source of the character at `index`. */
  offset(index: number): number {
    const piece = this.#at.length === 1 ? 0 : indexBelow(this.#at, index)
    return this.#offsets[piece]! + index - this.#at[piece]!
  }

  range(start: number, end: number): SourceRange {
    const from = this.offset(start)
    if (end <= start) return this.source.range(from, from)
    return this.source.range(from, this.#at.length === 1 ? from + end - start : this.offset(end - 1) + 1)
  }

  /** The part from `start` to `end` without blanks at both ends. */
  trimmed(start: number, end: number): Token {
    return trimmed(this.text, start, end)
  }
}

/** The part of a line from `start` to `end` without blanks at both ends. */
export function trimmed(text: string, start: number, end: number): Token {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return { text: text.slice(from, to), start: from, end: to }
}

/** The error of a Dockerfile, in docker's words, at the very place. */
export function parseError(message: string, range: SourceRange, hint?: string): StrakeError {
  return new StrakeError('invalid', `dockerfile parse error on line ${range.start.line}: ${message}`, { range, hint })
}
