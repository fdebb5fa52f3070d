import { nearest } from '../lib/mod.ts'
import { parseDuration } from './duration.ts'
import { readFlags } from './flags.ts'
import { heredocHead } from './heredoc.ts'
import { readDevice } from './mounts.ts'
import { instructionNames, type Node } from './nodes.ts'
import { parseError, type Token } from './source.ts'
import type {
  ArgInstruction,
  Command,
  CopyInstruction,
  FromInstruction,
  HealthcheckInstruction,
  Instruction,
  RunInstruction,
  SourceRange,
  Word,
} from './types.ts'

/** FROM as it is read, with the stage's name beside it. */
export interface StageStart {
  readonly from: FromInstruction
  readonly name: string | undefined
}

export function isFrom(node: Node): boolean {
  return node.name === 'from'
}

/** Understands FROM. Throws `invalid`. */
export function readFrom(node: Node): StageStart {
  const [image, as, name] = node.args
  const wrong = node.args.length !== 1 && !(node.args.length === 3 && as?.text.toLowerCase() === 'as')
  if (!image || wrong) {
    const range = as ? node.line.range(as.start, node.rest.end) : wordRange(node, image ?? node.keyword)
    throw parseError('FROM requires either one or three arguments', range, 'Write FROM image, or FROM image AS name.')
  }
  const platform = readFlags(node).find((flag) => flag.name === 'platform')
  if (name && !/^[a-z][a-z0-9_.-]*$/.test(name.text.toLowerCase())) {
    throw parseError(
      `invalid name for build stage: ${JSON.stringify(name.text)}, name can't start with a number or contain symbols`,
      wordRange(node, name),
      'Use letters, digits, "-", "_" and ".".',
    )
  }
  const from: FromInstruction = {
    kind: 'from',
    range: node.range,
    original: original(node),
    image: word(node, image),
    ...(platform && { platform: { text: platform.value ?? '', range: platform.range } }),
  }
  return { from, name: name?.text.toLowerCase() }
}

/** Understands every instruction but FROM. Throws `invalid`. */
export function readInstruction(node: Node): Instruction {
  const reader = readers.get(node.name)
  if (reader) return reader(node)
  throw parseError(`unknown instruction: ${node.keyword.text}`, wordRange(node, node.keyword), unknownHint(node))
}

/** Whether the node is no instruction, and none may have been meant: most often the rest of the one before it. */
export function isForeign(node: Node): boolean {
  return !readers.has(node.name) && !isFrom(node) && nearest(node.keyword.text, instructionNames) === undefined
}

function unknownHint({ keyword }: Node): string {
  const meant = nearest(keyword.text, instructionNames)
  if (meant) return `Did you mean ${meant}?`
  if (/^(\/\/|--|;|\/\*)/.test(keyword.text)) return 'Comments begin with #.'
  return 'A line begins with an instruction: FROM, RUN, COPY, … End the line before it with \\ to continue that one.'
}

const wordRange = (node: Node, token: Token) => node.line.range(token.start, token.end)
const word = (node: Node, token: Token): Word => ({ text: token.text, range: wordRange(node, token) })
const original = (node: Node): string => node.line.text.trim()

function command(node: Node, args: readonly Token[] = node.args): Command {
  if (node.json) return { form: 'exec', args: args.map(({ text }) => text) }
  return { form: 'shell', line: args[0]?.text ?? '', heredocs: node.heredocs }
}

function atLeastOne(node: Node, hint?: string): readonly Token[] {
  if (node.args.length > 0) return node.args
  const message = `${node.keyword.text.toUpperCase()} requires at least one argument`
  throw parseError(message, wordRange(node, node.keyword), hint)
}

const networks = ['default', 'none', 'host']
const securities = ['sandbox', 'insecure']

function readRun(node: Node): RunInstruction {
  // As Docker: RUN alone runs the shell with nothing to do.
  if (node.json) atLeastOne(node, 'Write the command behind RUN.')
  const flags = readFlags(node)
  for (const { name, value = '', range, fields = [] } of flags) {
    if (name === 'device') readDevice(fields, range)
    const from = name === 'mount' ? fields.find(({ key }) => key.text.toLowerCase() === 'from')?.value : undefined
    if (from && /\$./.test(from.text)) {
      const message = "'from' doesn't support variable expansion, define alias stage instead"
      throw parseError(message, from.range, `Write FROM ${from.text} AS name, and from=name here.`)
    }
    const allowed = name === 'network' ? networks : name === 'security' ? securities : undefined
    if (!allowed || allowed.includes(value)) continue
    const message = `invalid ${name} mode ${JSON.stringify(value)}`
    throw parseError(message, range, `--${name} is one of ${allowed.join(', ')}.`)
  }
  return { kind: 'run', range: node.range, original: original(node), command: command(node), flags }
}

function readCopy(node: Node): CopyInstruction {
  const kind = node.name === 'add' ? 'add' : 'copy'
  const keyword = kind.toUpperCase()
  const destination = node.args.at(-1)
  if (!destination || node.args.length < 2) {
    const message = `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`
    const hint = `Write ${keyword} source destination, for example ${keyword} ${destination?.text ?? '.'} /app/`
    throw parseError(message, wordRange(node, destination ?? node.keyword), hint)
  }
  const flags = readFlags(node)
  if (!node.json && heredocHead(destination.text)) {
    throw parseError(`${keyword} cannot accept a heredoc as a destination`, wordRange(node, destination))
  }
  const sources: Word[] = []
  const heredocs: CopyInstruction['heredocs'][number][] = []
  const named = new Map(node.heredocs.map((heredoc) => [heredoc.name, heredoc]))
  for (const source of node.args.slice(0, -1)) {
    const head = node.json ? undefined : heredocHead(source.text)
    const heredoc = head && named.get(head.name)
    if (heredoc) heredocs.push(heredoc)
    else sources.push(word(node, source))
  }
  return {
    kind,
    range: node.range,
    original: original(node),
    sources,
    destination: word(node, destination),
    heredocs,
    flags,
  }
}

function readPairs(kind: 'env' | 'label') {
  const keyword = kind.toUpperCase()
  return (node: Node): Instruction => {
    readFlags(node)
    atLeastOne(node, `Write ${keyword} name=value`)
    const pairs: { key: Word; value: Word }[] = []
    for (let i = 0; i < node.args.length; i += 2) {
      const key = node.args[i]!
      const value = node.args[i + 1]!
      if (key.text === '') {
        const range = node.line.range(key.start, value.end)
        throw parseError(`${keyword} names can not be blank`, range, 'Write name=value, without blanks around =.')
      }
      pairs.push({ key: word(node, key), value: word(node, value) })
    }
    return { kind, range: node.range, original: original(node), pairs }
  }
}

function readArg(node: Node): ArgInstruction {
  const args = atLeastOne(node, 'Write ARG name, or ARG name=default').map((token) => {
    const equals = token.text.indexOf('=')
    const range = wordRange(node, token)
    if (equals === 0)
      throw parseError('ARG names can not be blank', range, 'Write name=value, without blanks around =.')
    if (equals < 0) return { name: token.text, value: undefined, range }
    const value = { text: token.text.slice(equals + 1), start: token.start + equals + 1, end: token.end }
    return { name: token.text.slice(0, equals), value: word(node, value), range }
  })
  return { kind: 'arg', range: node.range, original: original(node), args }
}

function readShell(node: Node): Instruction {
  readFlags(node)
  const shell = atLeastOne(node, 'Write SHELL ["executable", "argument"]').map(({ text }) => text)
  if (!node.json) {
    const range = wordRange(node, node.rest)
    throw parseError('SHELL requires the arguments to be in JSON form', range, 'Write SHELL ["executable", "argument"]')
  }
  return { kind: 'shell', range: node.range, original: original(node), shell }
}

function readWords(kind: 'expose' | 'volume') {
  return (node: Node): Instruction => {
    readFlags(node)
    const words = atLeastOne(node, kind === 'expose' ? 'Write EXPOSE port' : 'Write VOLUME path').map((token) => {
      const text = kind === 'volume' ? token.text.trim() : token.text
      if (text === '') throw parseError('VOLUME specified can not be an empty string', wordRange(node, token))
      return { text, range: wordRange(node, token) }
    })
    return { kind, range: node.range, original: original(node), words }
  }
}

const examples = {
  workdir: 'WORKDIR /path',
  user: 'USER name',
  stopsignal: 'STOPSIGNAL SIGINT',
  maintainer: 'MAINTAINER name',
}

function readWord(kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer') {
  return (node: Node): Instruction => {
    const argument = node.args[0]
    if (!argument) {
      const message = `${kind.toUpperCase()} requires exactly one argument`
      throw parseError(message, wordRange(node, node.keyword), `Write ${examples[kind]}`)
    }
    if (kind !== 'stopsignal') readFlags(node)
    return { kind, range: node.range, original: original(node), word: word(node, argument) }
  }
}

function readCommand(kind: 'cmd' | 'entrypoint') {
  return (node: Node): Instruction => {
    readFlags(node)
    return { kind, range: node.range, original: original(node), command: command(node) }
  }
}

function readHealthcheck(node: Node): HealthcheckInstruction {
  const [type, ...args] = atLeastOne(node, 'Write HEALTHCHECK CMD command, or HEALTHCHECK NONE') as [Token, ...Token[]]
  const [first] = args
  const kind = type.text.toUpperCase()
  if (kind === 'NONE') {
    if (first) throw parseError('HEALTHCHECK NONE takes no arguments', wordRange(node, first))
    return { kind: 'healthcheck', range: node.range, original: original(node), command: undefined }
  }
  const options = healthcheckOptions(node)
  if (kind !== 'CMD') {
    const hint = 'Write HEALTHCHECK CMD command, or HEALTHCHECK NONE'
    throw parseError(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`, wordRange(node, type), hint)
  }
  if (!first) throw parseError('Missing command after HEALTHCHECK CMD', wordRange(node, type))
  return { kind: 'healthcheck', range: node.range, original: original(node), command: command(node, args), ...options }
}

type HealthcheckOptions = Partial<Record<'interval' | 'timeout' | 'startPeriod' | 'startInterval' | 'retries', number>>

function healthcheckOptions(node: Node): HealthcheckOptions {
  const options: HealthcheckOptions = {}
  for (const { name, value = '', range } of readFlags(node)) {
    if (value === '') continue
    if (name === 'retries') options.retries = retries(value, range)
    else if (name === 'interval' || name === 'timeout') options[name] = interval(name, value, range)
    else options[name === 'start-period' ? 'startPeriod' : 'startInterval'] = interval(name, value, range)
  }
  return options
}

function retries(value: string, range: SourceRange): number {
  const count = Number(value)
  if (!/^[+-]?\d+$/.test(value) || Math.abs(count) >= 2 ** 31) {
    throw parseError(`--retries: ${JSON.stringify(value)} is not a number`, range)
  }
  if (count < 0) throw parseError(`--retries cannot be negative (${count})`, range)
  return count
}

function interval(name: string, value: string, range: SourceRange): number {
  try {
    const duration = parseDuration(value)
    if (duration === 0 || duration >= 1e6) return duration
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw parseError(error.message, range, `Write a number and its unit: --${name}=30s, 500ms, 1m30s.`)
  }
  throw parseError(`Interval ${JSON.stringify(name)} cannot be less than 1ms`, range)
}

function readOnbuild(node: Node): Instruction {
  readFlags(node)
  const argument = atLeastOne(node, 'Write the instruction behind ONBUILD.')[0]!
  const name = argument.text.toUpperCase()
  if (name === 'FROM' || name === 'MAINTAINER') {
    throw parseError(`${name} isn't allowed as an ONBUILD trigger`, wordRange(node, argument))
  }
  const documents = node.heredocs.map(({ raw, name }) => `\n${raw}${name}`).join('')
  const trigger = node.line.text.slice(node.rest.start) + documents
  return { kind: 'onbuild', range: node.range, original: original(node), trigger }
}

const readers = new Map<string, (node: Node) => Instruction>([
  ['add', readCopy],
  ['arg', readArg],
  ['cmd', readCommand('cmd')],
  ['copy', readCopy],
  ['entrypoint', readCommand('entrypoint')],
  ['env', readPairs('env')],
  ['expose', readWords('expose')],
  ['healthcheck', readHealthcheck],
  ['label', readPairs('label')],
  ['maintainer', readWord('maintainer')],
  ['onbuild', readOnbuild],
  ['run', readRun],
  ['shell', readShell],
  ['stopsignal', readWord('stopsignal')],
  ['user', readWord('user')],
  ['volume', readWords('volume')],
  ['workdir', readWord('workdir')],
])
