import { StrakeError } from '../lib/mod.ts'
import { readHeredocs } from './heredoc.ts'
import { LineReader, readDirectives, readLogicalLine } from './lines.ts'
import { type Line, parseError, Source, skip, type Token } from './source.ts'
import type { Directive, Heredoc, SourceRange } from './types.ts'
import { type FlagToken, jsonStrings, leadingFlags, plainBlanks, plainWord, plainWords, quotedWords } from './words.ts'

/** An instruction, split into its parts by the rules of its own name, but not yet understood. */
export interface Node {
  readonly line: Line
  /** The instruction's name, in small letters. */
  readonly name: string
  /** The name as it is written. */
  readonly keyword: Token
  /** Without quotes: `--name=value`. */
  readonly flags: readonly FlagToken[]
  /** All that follows the flags. */
  readonly rest: Token
  /** For ENV and LABEL: name, value, name, value, … */
  readonly args: readonly Token[]
  /** The arguments are a JSON array. */
  readonly json: boolean
  /** ENV and LABEL in the old form: `ENV name value`. */
  readonly oldForm: boolean
  /** The instruction behind ONBUILD. */
  readonly trigger: Node | undefined
  readonly heredocs: readonly Heredoc[]
  /** The here-documents as they are written, with the lines that end them. */
  readonly body: Token | undefined
  /** An empty line is in its continuations. */
  readonly emptyLine: boolean
  /** Where the last line of its continuations ends, comments and empty lines included: an offset in the source. */
  readonly taken: number
  readonly range: SourceRange
}

export interface Document {
  readonly source: Source
  readonly directives: readonly Directive[]
  readonly escape: '\\' | '`'
  readonly nodes: readonly Node[]
  /** All comments that are no directives, with their offsets in the source, `#` included. */
  readonly comments: readonly Token[]
  readonly errors: readonly StrakeError[]
  readonly warnings: readonly { readonly message: string; readonly range: SourceRange }[]
}

/** Reads the text into nodes. Never throws: what is wrong stands in `errors`, one for each instruction at most. */
export function readDocument(text: string | Uint8Array, file: string): Document {
  const source = new Source(text, file)
  const reader = new LineReader(source)
  const errors: StrakeError[] = []
  const { directives, escape } = readDirectives(reader, errors)
  const nodes: Node[] = []
  const comments: Token[] = []
  const warnings: { message: string; range: SourceRange }[] = []
  for (;;) {
    const logical = readLogicalLine(reader, escape, comments)
    if (!logical) return { source, directives, escape, nodes, comments, errors, warnings }
    const { line, emptyLine, taken } = logical
    if (line.text === '') continue
    if (emptyLine) {
      const range = source.range(emptyLine.start, emptyLine.end)
      warnings.push({ message: 'Empty continuation line (empty continuation lines will become errors)', range })
    }
    try {
      const range = source.range(line.offset(0), logical.end)
      const context = { escape, emptyLine: emptyLine !== undefined, taken, range }
      const node = split(line, line.trimmed(0, line.text.length), context)
      if (mayHaveHeredocs(node.trigger ?? node)) addHeredocs(node, reader)
      nodes.push(node)
    } catch (error) {
      if (!(error instanceof StrakeError)) throw error
      errors.push(error)
    }
  }
}

type Draft = { -readonly [K in keyof Node]: Node[K] }

const mayHaveHeredocs = ({ name, json }: Node) => !json && (name === 'run' || name === 'copy' || name === 'add')

/** Reads the here-documents that the instruction begins. */
function addHeredocs(node: Draft, reader: LineReader): void {
  const { source } = reader
  const start = reader.offset
  const { heredocs, end } = readHeredocs(node.line, reader)
  if (end === undefined) return
  node.heredocs = heredocs
  node.body = { text: source.text.slice(start, end), start, end }
  node.range = source.range(node.line.offset(0), end)
}

type Context = Pick<Node, 'emptyLine' | 'taken' | 'range'> & { readonly escape: string }

type Arguments = Pick<Node, 'args'> & Partial<Pick<Node, 'json' | 'oldForm' | 'trigger'>>

function split(line: Line, whole: Token, { escape, emptyLine, taken, range }: Context): Draft {
  const { text } = line
  const end = Math.min(skip(plainWord, text, whole.start), whole.end)
  const keyword = { text: text.slice(whole.start, end), start: whole.start, end }
  const name = keyword.text.toLowerCase()
  const { flags, rest: start } = leadingFlags(line, end, whole.end)
  const rest = { text: text.slice(start, whole.end), start, end: whole.end }
  const splitter = start < whole.end ? splitters.get(name) : undefined
  const { args, json = false, oldForm = false, trigger } = splitter ? splitter(line, rest, escape) : noArguments
  const heredocs: readonly Heredoc[] = []
  const body: Token | undefined = undefined
  return { line, name, keyword, flags, rest, args, json, oldForm, trigger, heredocs, body, emptyLine, taken, range }
}

const noArguments: Arguments = { args: [] }

type Splitter = (line: Line, rest: Token, escape: string) => Arguments

const asText: Splitter = (_, rest) => ({ args: [rest] })

const asWords: Splitter = (line, rest) => ({ args: plainWords(line, rest.start, rest.end) })

const asQuotedWords: Splitter = (line, rest, escape) => ({ args: quotedWords(line, rest, escape) })

const asJson =
  (otherwise: Splitter): Splitter =>
  (line, rest, escape) => {
    const args = jsonStrings(line, rest)
    return args ? { args, json: true } : otherwise(line, rest, escape)
  }

const asPairs =
  (keyword: string): Splitter =>
  (line, rest, escape) => {
    const words = quotedWords(line, rest, escape)
    const first = words[0]
    if (!first) return { args: [] }
    if (!first.text.includes('=')) {
      const { text } = line
      const end = Math.min(skip(plainWord, text, rest.start), rest.end)
      const name = { text: text.slice(rest.start, end), start: rest.start, end }
      const start = Math.min(skip(plainBlanks, text, end), rest.end)
      if (start === end) {
        const hint = `Give it a value: ${keyword} ${name.text}=value`
        throw parseError(`${keyword} must have two arguments`, line.range(name.start, name.end), hint)
      }
      return { args: [name, { text: text.slice(start, rest.end), start, end: rest.end }], oldForm: true }
    }
    const args: Token[] = []
    for (const { text, start, end } of words) {
      const equals = text.indexOf('=')
      if (equals < 0) {
        throw parseError(
          `Syntax error - can't find = in ${JSON.stringify(text)}. Must be of the form: name=value`,
          line.range(start, end),
          'If the value before it has blanks, put it between double quotes.',
        )
      }
      args.push({ text: text.slice(0, equals), start, end: start + equals })
      args.push({ text: text.slice(equals + 1), start: start + equals + 1, end })
    }
    return { args }
  }

const asTrigger: Splitter = (line, rest, escape) => {
  const [first] = plainWords(line, rest.start, rest.end)
  if (first?.text.toLowerCase() === 'onbuild') {
    const message = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
    throw parseError(message, line.range(first.start, first.end), 'Write ONBUILD once.')
  }
  const [taken, range] = [line.offset(rest.end), line.range(rest.start, rest.end)]
  const trigger = split(line, rest, { escape, emptyLine: false, taken, range })
  return { args: [trigger.keyword], trigger }
}

/** HEALTHCHECK: a type, then a command. */
const asTyped: Splitter = (line, rest, escape) => {
  const [type, second] = plainWords(line, rest.start, rest.end)
  if (!type || !second) return { args: type ? [type] : [] }
  const { args, ...form } = asJson(asText)(line, line.trimmed(type.end, rest.end), escape)
  return { args: [type, ...args], ...form }
}

const splitters = new Map<string, Splitter>([
  ['add', asJson(asWords)],
  ['arg', asQuotedWords],
  ['cmd', asJson(asText)],
  ['copy', asJson(asWords)],
  ['entrypoint', asJson(asText)],
  ['env', asPairs('ENV')],
  ['expose', asWords],
  ['from', asWords],
  ['healthcheck', asTyped],
  ['label', asPairs('LABEL')],
  ['maintainer', asText],
  ['onbuild', asTrigger],
  ['run', asJson(asText)],
  ['shell', asJson(asText)],
  ['stopsignal', asText],
  ['user', asText],
  ['volume', asJson(asWords)],
  ['workdir', asText],
])

/** Every instruction there is, in capitals. */
export const instructionNames: readonly string[] = [...splitters.keys()].map((name) => name.toUpperCase())
