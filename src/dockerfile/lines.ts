import type { StrakeError } from '../lib/mod.ts'
import { Line, lineBlanks, parseError, type Source, skip, type Token, trimmed } from './source.ts'
import type { Directive } from './types.ts'

type Escape = '\\' | '`'

/** A line is its offsets; `end` is before the line break. */
interface PhysicalLine {
  readonly start: number
  readonly end: number
}

/** The physical lines of a source, read one after the other. */
export class LineReader {
  readonly source: Source
  #next = 0

  constructor(source: Source) {
    this.source = source
  }

  next(): PhysicalLine | undefined {
    const { text, lines } = this.source
    const start = lines[this.#next]
    if (start === undefined || start === text.length) return undefined
    const after = lines[++this.#next]
    let end = after === undefined ? text.length : after - 1
    while (end > start && text.charCodeAt(end - 1) === 0x0d) end--
    return { start, end }
  }

  /** Goes back to the line before. */
  back(): void {
    this.#next--
  }

  /** Where the next line begins. */
  get offset(): number {
    return this.source.lines[this.#next] ?? this.source.text.length
  }
}

/** The end of the line's own text when the escape character continues it on the next line. */
function continued(text: string, start: number, end: number, escape: Escape): number | undefined {
  let at = end
  while (at > start && (text[at - 1] === ' ' || text[at - 1] === '\t')) at--
  if (at === start || text[at - 1] !== escape) return undefined
  // An escape character before it makes it an ordinary one.
  return at - 1 > start && text[at - 2] === escape ? undefined : at - 1
}

export interface LogicalLine {
  readonly line: Line
  /** The first empty line within its continuations. */
  readonly emptyLine: Token | undefined
  /** Where its text ends. */
  readonly end: number
  /** Where the last line ends that its continuations have taken: comments and empty lines at the end of the file too. */
  readonly taken: number
}

/**
 * Reads the next instruction with its continuations, and adds the comments before and within it to `comments`.
 * Undefined at the end of the file.
 */
export function readLogicalLine(reader: LineReader, escape: Escape, comments: Token[]): LogicalLine | undefined {
  const { source } = reader
  const { text } = source
  let line: Line | undefined
  let emptyLine: Token | undefined
  let end = 0
  let taken = 0
  for (let physical = reader.next(); physical; physical = reader.next()) {
    taken = physical.end
    const start = Math.min(skip(lineBlanks, text, physical.start), taken)
    if (start === taken) {
      if (line) emptyLine ??= { text: '', start: physical.start, end: taken }
      continue
    }
    if (text[start] === '#') {
      comments.push({ text: text.slice(start + 1, taken).trim(), start, end: taken })
      continue
    }
    const from = line ? physical.start : start
    const cut = continued(text, from, taken, escape)
    end = taken
    if (line) line.add(from, cut ?? end)
    else line = new Line(source, from, cut ?? end)
    if (cut === undefined) break
  }
  return line && { line, emptyLine, end, taken }
}

const directivePattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/s
const directiveNames = ['syntax', 'escape', 'check']

/**
 * Reads the parser directives: comments of the form `# name=value` on the first lines, before anything else.
 * Stops at the first line that is none.
 */
export function readDirectives(
  reader: LineReader,
  errors: StrakeError[],
): { directives: readonly Directive[]; escape: Escape } {
  const { source } = reader
  const directives: Directive[] = []
  let escape: Escape = '\\'
  for (;;) {
    const physical = reader.next()
    if (!physical) return { directives, escape }
    const { text, start, end } = trimmed(source.text, physical.start, physical.end)
    const [, word = '', value = ''] = directivePattern.exec(text) ?? []
    const name = word.toLowerCase()
    if (!directiveNames.includes(name)) {
      reader.back()
      return { directives, escape }
    }
    const range = source.range(start, end)
    if (directives.some((other) => other.name === name)) {
      errors.push(parseError(`only one ${name} parser directive can be used`, range))
    } else if (name === 'escape' && value !== '\\' && value !== '`') {
      const at = start + text.lastIndexOf(value)
      const where = source.range(at, at + value.length)
      errors.push(parseError(`invalid escape token '${value}' does not match \` or \\`, where))
    } else if (name === 'escape') {
      escape = value as Escape
    }
    directives.push({ name, value, range })
  }
}
