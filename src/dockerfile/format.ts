import { type Node, readDocument } from './nodes.ts'
import { parseDocument } from './parse.ts'
import type { Line, Token } from './source.ts'
import type { Directive } from './types.ts'

const indent = '    '

/**
 * The Dockerfile in the one style: keywords in capitals, one blank between words, continuations indented by four, no
 * blanks at line ends, one empty line where there were several, no byte order mark, `\n` line ends. Comments and line
 * breaks stay where they are. What a shell or a here-document is given stays as it is, letter by letter, so that the
 * file means the same: it gives the same image from the same cache.
 *
 * @param file what the ranges of errors say
 * @throws `invalid`, as `parseDockerfile`
 */
export function formatDockerfile(text: string | Uint8Array, file = 'Dockerfile'): string {
  const document = readDocument(text, file)
  parseDocument(document)
  const { source, directives, escape, nodes } = document
  const comments = [...document.comments].reverse()
  const lines: string[] = directives.map(printDirective)
  /** Where the thing before ends. */
  let last = directives.at(-1)?.range.end.line ?? 0
  const add = (printed: string, start: number, end: number) => {
    const { line } = source.position(start)
    if (line > last + 1 && lines.length > 0) lines.push('')
    // At the very top it would become a directive.
    else if (lines.length === 0 && isDirective(printed)) lines.push('')
    lines.push(printed)
    last = source.position(end).line
  }
  const addComments = (before: number) => {
    for (let comment = comments.at(-1); comment && comment.start < before; comment = comments.at(-1)) {
      add(source.text.slice(comment.start, comment.end).trimEnd(), comment.start, comment.end)
      comments.pop()
    }
  }
  for (const node of nodes) {
    const start = node.line.offset(0)
    addComments(start)
    const printer = new Printer(node.line, escape, comments)
    printInstruction(printer, node)
    if (printer.text.endsWith(escape) && !printer.text.endsWith(escape + escape)) printer.add(endOf(node.line, escape))
    const { body } = node
    add(body ? `${printer.text}\n${body.text}` : printer.text, start, body?.end ?? start)
    last = source.position(body?.end ?? node.taken).line
  }
  addComments(source.text.length + 1)
  return `${lines.join('\n')}\n`
}

/**
 * What must follow an escape character that is the last word, so that it does not continue the line: the blanks that kept it
 * from doing so, or, where the file ends within a continuation, the continuation.
 */
function endOf(line: Line, escape: string): string {
  const blanks = line.text.slice(line.trimmed(0, line.text.length).end)
  return /[^ \t]/.test(blanks) ? blanks : ` ${escape}`
}

const isDirective = (line: string) => line.startsWith('#') && readDocument(line, '').directives.length > 0

const printDirective = ({ name, value }: Directive) => `# ${name}=${value}`

/** Writes one instruction, with the line breaks and the comments that are in it. */
class Printer {
  text = ''
  readonly line: Line
  readonly #escape: string
  /** Those still to come, the next one last. */
  readonly #comments: Token[]

  constructor(line: Line, escape: string, comments: Token[]) {
    this.line = line
    this.#escape = escape
    this.#comments = comments
  }

  add(text: string): void {
    this.text += text
  }

  /** What is between two words: `blank`, or a line break where there is one. */
  gap(start: number, end: number, { blank = ' ', indentation = indent } = {}): void {
    const at = this.line.breaks(start - 1, end).at(-1)
    if (at === undefined) this.text += blank
    else {
      this.#break(at, ' ', indentation)
      this.text += indentation
    }
  }

  /** A word or a text, letter by letter. */
  verbatim({ start, end }: { start: number; end: number }): void {
    let from = start
    for (const at of this.line.breaks(start, end - 1)) {
      this.text += this.line.text.slice(from, at)
      this.#break(at, '', /^[ \t]*/.exec(this.line.text.slice(at))![0])
      from = at
    }
    this.text += this.line.text.slice(from, end)
  }

  /** Ends the line before the text at index `at`, and writes the comments that stand there. */
  #break(at: number, blank: string, indentation: string): void {
    this.text += `${blank}${this.#escape}\n`
    const { source } = this.line
    for (let next = this.#comments.at(-1); next && next.start < this.line.offset(at); next = this.#comments.at(-1)) {
      this.text += `${indentation}${source.text.slice(next.start, next.end).trimEnd()}\n`
      this.#comments.pop()
    }
  }
}

/** Instructions whose last argument is a text that is not ours: a command, a path, a name. */
const texts = ['cmd', 'entrypoint', 'healthcheck', 'maintainer', 'onbuild', 'run', 'stopsignal', 'user', 'workdir']

function printInstruction(printer: Printer, node: Node): void {
  const { line, name, keyword, flags, rest } = node
  printer.add(name.toUpperCase())
  let at = keyword.end
  const word = (token: { start: number; end: number }) => {
    printer.gap(at, token.start)
    printer.verbatim(token)
    at = token.end
  }
  for (const flag of flags) word(flag)
  // `--` ends the flags.
  const between = line.trimmed(at, rest.start)
  if (between.text !== '') word(between)
  if (rest.text === '') return
  if (name === 'healthcheck') {
    const [type] = node.args
    printer.gap(at, rest.start)
    printer.add(type!.text.toUpperCase())
    at = type!.end
    if (node.args.length === 1 && !node.json) return
  }
  if (node.json) {
    printJson(printer, node, at)
    return
  }
  // What is no JSON only for the blanks in it must not become it.
  if (texts.includes(name) || rest.text.startsWith('[')) {
    const text = line.trimmed(at, rest.end)
    // The indentation of a command's first line is that of the lines after it.
    const broken = line.breaks(at - 1, text.start).at(-1)
    printer.gap(at, text.start, broken === undefined ? {} : { indentation: line.text.slice(broken, text.start) })
    printer.verbatim(text)
    return
  }
  const pairs = ['env', 'label'].includes(name) && !node.oldForm
  for (let i = 0; i < node.args.length; i += pairs ? 2 : 1) {
    const token = node.args[i]!
    if (name === 'from' && i === 1) {
      printer.gap(at, token.start)
      printer.add('AS')
      at = token.end
    } else word({ start: token.start, end: node.args[pairs ? i + 1 : i]!.end })
  }
}

/** The arguments as a JSON array: `["a", "b"]`. */
function printJson(printer: Printer, { line, name, args, rest }: Node, from: number): void {
  const items = name === 'healthcheck' ? args.slice(1) : args
  const open = line.text.indexOf('[', from)
  printer.gap(from, open)
  printer.add('[')
  let at = open + 1
  for (const [i, item] of items.entries()) {
    if (i > 0) printer.add(',')
    printer.gap(at, item.start, { blank: i > 0 ? ' ' : '' })
    printer.verbatim(item)
    at = item.end
  }
  printer.gap(at, rest.end - 1, { blank: '', indentation: '' })
  printer.add(']')
}
