import { posix } from 'node:path'
import { type Command, expand, expandWords, type Instruction, type Word } from '../../dockerfile/mod.ts'
import { nearest, type SourceRange, StrakeError } from '../../lib/mod.ts'
import type { ContainerConfig, Healthcheck } from '../../oci/mod.ts'
import { goDuration, quotedList, type Stage, setEnv } from './stage.ts'

/** Instructions that change the configuration only, and the line each leaves in the history. */
export type ConfigInstruction = Exclude<Instruction, { kind: 'run' | 'copy' | 'add' | 'workdir' }>

/** What an instruction that changes the configuration needs. */
export interface ConfigEvaluation {
  readonly stage: Pick<Stage, 'config' | 'args' | 'env' | 'author' | 'cmdSet'>
  readonly escape: '\\' | '`'
  /** Values of --build-arg. */
  readonly buildArgs: Readonly<Record<string, string>>
  /** ARGs before the first FROM, and the predefined platform arguments. */
  readonly globals: ReadonlyMap<string, string | undefined>
}

export interface Evaluation extends ConfigEvaluation {
  readonly stage: Stage
}

/** Variables that an instruction sees. */
export function environment({ stage }: ConfigEvaluation) {
  return (name: string): string | undefined => stage.env.get(name)
}

export function expandWord(evaluation: ConfigEvaluation, word: Word): string {
  return expand(word, environment(evaluation), evaluation.escape)
}

/** Proxy arguments are predefined: they need no ARG, and appear in no history and no cache key. */
export const proxyArgs = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
])

/**
 * Applies the instruction to the stage's configuration.
 *
 * @returns the line for the history; undefined for ONBUILD, which leaves none
 */
export function applyConfig(evaluation: ConfigEvaluation, instruction: ConfigInstruction): string | undefined {
  const { stage } = evaluation
  const { config } = stage
  const one = (word: Word) => expandWord(evaluation, word)
  switch (instruction.kind) {
    case 'env': {
      // Values are frozen: each is expanded with what stood before the instruction.
      const pairs = instruction.pairs.map(({ key, value }) => [one(key), one(value)] as const)
      for (const [key, value] of pairs) {
        config.Env = setEnv(config.Env, key, value)
        setLast(stage.env, key, value)
      }
      return `ENV ${pairs.map(([key, value]) => `${key}=${value}`).join(' ')}`
    }
    case 'label': {
      const pairs = instruction.pairs.map(({ key, value }) => [one(key), one(value)] as const)
      config.Labels = { ...config.Labels, ...Object.fromEntries(pairs) }
      return `LABEL ${pairs.map(([key, value]) => `${key}=${value}`).join(' ')}`
    }
    case 'arg':
      return declareArgs(evaluation, instruction)
    case 'cmd': {
      config.Cmd = commandLine(config, instruction.command)
      config.ArgsEscaped = true
      stage.cmdSet = true
      return `CMD ${quotedList(config.Cmd)}`
    }
    case 'entrypoint': {
      config.Entrypoint = commandLine(config, instruction.command)
      if (!stage.cmdSet) delete config.Cmd
      return `ENTRYPOINT ${quotedList(config.Entrypoint)}`
    }
    case 'shell':
      config.Shell = instruction.shell
      return `SHELL [${instruction.shell.join(' ')}]`
    case 'expose': {
      // As docker: sorted as they are written.
      const written = instruction.words.toSorted((a, b) => (a.text < b.text ? -1 : 1))
      const ports = written.flatMap((word) =>
        expandWords(word, environment(evaluation), evaluation.escape).flatMap((text) => exposedPorts(text, word.range)),
      )
      config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) }
      return `EXPOSE [${ports.join(' ')}]`
    }
    case 'volume': {
      const paths = instruction.words.map(one).map((path) => path.trim())
      if (paths.includes('')) throw new StrakeError('invalid', 'VOLUME specified can not be an empty string')
      config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) }
      return `VOLUME [${paths.join(' ')}]`
    }
    case 'user':
      config.User = one(instruction.word)
      return `USER ${config.User}`
    case 'stopsignal':
      config.StopSignal = checkSignal(one(instruction.word), instruction.word.range)
      return `STOPSIGNAL ${config.StopSignal}`
    case 'maintainer':
      stage.author = instruction.word.text
      return `MAINTAINER ${stage.author}`
    case 'healthcheck':
      return applyHealthcheck(config as { Healthcheck?: Healthcheck }, instruction)
    case 'onbuild':
      config.OnBuild = [...(config.OnBuild ?? []), instruction.trigger]
      return undefined
  }
}

function declareArgs(evaluation: ConfigEvaluation, instruction: Extract<Instruction, { kind: 'arg' }>): string {
  const { stage, buildArgs, globals } = evaluation
  const shown = instruction.args.map(({ name, value }) => {
    const given = buildArgs[name]
    const own = value && expandWord(evaluation, value)
    const result = given ?? own ?? globals.get(name)
    // One without a value keeps that of the stage below.
    stage.args.set(name, result ?? stage.args.get(name))
    if (result !== undefined) setLast(stage.env, name, result)
    return result === undefined ? name : `${name}=${result}`
  })
  return `ARG ${shown.join(' ')}`
}

/** The words to run: shell form goes to the stage's shell. */
export function commandLine(config: ContainerConfig, command: Command): readonly string[] {
  return command.form === 'exec' ? command.args : [...shellOf(config), command.line]
}

export function shellOf(config: ContainerConfig): readonly string[] {
  return config.Shell ?? ['/bin/sh', '-c']
}

function applyHealthcheck(
  config: { Healthcheck?: Healthcheck },
  instruction: Extract<Instruction, { kind: 'healthcheck' }>,
): string {
  const { command, interval = 0, timeout = 0, startPeriod = 0, startInterval = 0, retries = 0 } = instruction
  const test = command ? (command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.line]) : ['NONE']
  config.Healthcheck = {
    Test: test,
    ...(interval && { Interval: interval }),
    ...(timeout && { Timeout: timeout }),
    ...(startPeriod && { StartPeriod: startPeriod }),
    ...(startInterval && { StartInterval: startInterval }),
    ...(retries && { Retries: retries }),
  }
  const times = [interval, timeout, startPeriod, startInterval].map((time) => `"${goDuration(time)}"`).join(' ')
  return `HEALTHCHECK &{${quotedList(test)} ${times} ${goRune(retries)}}`
}

/** Go's %q of an integer is a quoted character. */
function goRune(code: number): string {
  const named = code < 0x80 ? ['\\a', '\\b', '\\t', '\\n', '\\v', '\\f', '\\r'][code - 7] : undefined
  if (named) return `'${named}'`
  // What is no character is shown as U+FFFD.
  const char = code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '\ufffd' : String.fromCodePoint(code)
  if (/['\\]/.test(char)) return `'\\${char}'`
  if (char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)) return `'${char}'`
  const [letter, length] = code < 0x80 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8]
  return `'\\${letter}${code.toString(16).padStart(length, '0')}'`
}

/** `80`, `80/udp`, `8000-8010/tcp`, `1.2.3.4:80:8080`, as docker's nat.ParsePortSpec; what stands before a colon does not count. */
function exposedPorts(word: string, range: SourceRange): string[] {
  if (word === '') return []
  const hint = 'Write a port from 0 to 65535, or a range, and tcp, udp or sctp: EXPOSE 80 53/udp 8000-8010/tcp'
  const fail = (message: string) => new StrakeError('invalid', message, { range, hint })
  const [spec = '', protocol = 'tcp'] = word.split(/\/(.*)/s)
  const parts = spec.split(':')
  const ports = parts.at(-1)!
  const host = parts.at(-2) ?? ''
  const [first, last] = portRange(ports) ?? []
  if (first === undefined || last === undefined) throw fail(`invalid containerPort: ${ports}`)
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) {
    throw fail(`invalid port: ${JSON.stringify(word)}: invalid proto: ${protocol}`)
  }
  if (host !== '') {
    const [from, to] = portRange(host) ?? []
    if (from === undefined || to === undefined) throw fail(`invalid hostPort: ${host}`)
    if (last > first && to - from !== last - first) {
      throw fail(`invalid ranges specified for container and host Ports: ${ports} and ${host}`)
    }
  }
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol.toLowerCase()}`)
}

function portRange(text: string): [first: number, last: number] | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  if (!match) return undefined
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])]
  return last > 65535 || last < first ? undefined : [first, last]
}

const signalNames = new Set(
  `ABRT ALRM BUS CHLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN
   TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ`.split(/\s+/),
)

function checkSignal(signal: string, range: SourceRange): string {
  const name = signal.toUpperCase().replace(/^SIG/, '')
  const number = /^[+-]?\d+$/.test(signal) ? Number(signal) : undefined
  const known = number === undefined ? signalNames.has(name) || /^RTM(IN|AX)([+-]\d+)?$/.test(name) : number !== 0
  if (!known) {
    const meant = nearest(name, signalNames)
    throw new StrakeError('invalid', `invalid signal: ${signal}`, {
      range,
      hint: meant ? `Did you mean SIG${meant}?` : 'Signals have names such as SIGTERM or numbers from 1 to 64.',
    })
  }
  return signal
}

/** WORKDIR: absolute as it is written; relative joined with the one before and cleaned. */
export function workdir(config: ContainerConfig, path: string): string {
  if (path.startsWith('/')) return path
  return posix.join('/', config.WorkingDir ?? '/', path).replace(/(?<=.)\/$/, '')
}

/** A destination below the working directory; a closing slash, or `.`, stays a sign for a directory. */
export function destinationOf(config: ContainerConfig, path: string): string {
  const directory = path === '.' || path.endsWith('/') || path.endsWith('/.')
  const absolute = posix.join('/', path.startsWith('/') ? '' : (config.WorkingDir ?? '/'), path)
  return directory && !absolute.endsWith('/') ? `${absolute}/` : absolute
}

/** As BuildKit, for which a variable that is set again is the last one: the order is part of its cache's keys. */
function setLast(env: Stage['env'], name: string, value: string): void {
  env.delete(name)
  env.set(name, value)
}
