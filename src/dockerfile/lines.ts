import type { StrakeError } from '../lib/mod.ts'
import { isBlank, Line, parseError, type Source, type Token } from './source.ts'
import type { Directive } from './types.ts'

type Escape = '\\' | '`'

/** The physical lines of a source, read one after the other. A line is its offsets; `end` is before the line break. */
export class LineReader {
  readonly source: Source
  #next = 0

  constructor(source: Source) {
    this.source = source
  }

  next(): { readonly start: number; readonly end: number; readonly after: number } | undefined {
    const { text } = this.source
    const start = this.#next
    if (start >= text.length) return undefined
    const newline = text.indexOf('\n', start)
    const after = newline < 0 ? text.length : newline + 1
    this.#next = after
    let end = newline < 0 ? text.length : newline
    while (end > start && text[end - 1] === '\r') end--
    return { start, end, after }
  }

  /** Where the next line begins. */
  get offset(): number {
    return this.#next
  }

  /** Goes back to `offset`, the beginning of a line. */
  rewind(offset: number): void {
    this.#next = offset
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
  const { text } = reader.source
  const line = new Line(reader.source)
  let emptyLine: Token | undefined
  let end = 0
  let taken = 0
  for (let physical = reader.next(); physical; physical = reader.next()) {
    let start = physical.start
    while (start < physical.end && isBlank(text[start]!)) start++
    taken = physical.end
    if (text[start] === '#' && start < physical.end) {
      comments.push({ text: text.slice(start + 1, physical.end).trim(), start, end: physical.end })
      continue
    }
    const first = end === 0
    if (start === physical.end) {
      if (!first) emptyLine ??= { text: '', start: physical.start, end: physical.end }
      continue
    }
    const from = first ? start : physical.start
    const cut = continued(text, from, physical.end, escape)
    line.add(from, cut ?? physical.end)
    end = physical.end
    if (cut === undefined) break
  }
  return end === 0 ? undefined : { line, emptyLine, end, taken }
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
    const offset = reader.offset
    const physical = reader.next()
    const { text, start, end } = trimmedLine(source, physical)
    const [, word = '', value = ''] = directivePattern.exec(text) ?? []
    const name = word.toLowerCase()
    if (!directiveNames.includes(name)) {
      reader.rewind(offset)
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

function trimmedLine(source: Source, physical: { start: number; end: number } | undefined): Token {
  let { start, end } = physical ?? { start: 0, end: 0 }
  while (start < end && isBlank(source.text[start]!)) start++
  while (end > start && isBlank(source.text[end - 1]!)) end--
  return { text: source.text.slice(start, end), start, end }
}
