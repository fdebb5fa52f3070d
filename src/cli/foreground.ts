import { constants } from 'node:os'
import { type RunningContainer, rawTerminal, type Size } from '../engine/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { detachScanner, parseDetachKeys } from './detach-keys.ts'

export interface ForegroundOptions {
  readonly terminal: Terminal
  /** Passes standard input on. */
  readonly stdin: boolean
  /** Output to show; both by default. */
  readonly streams?: readonly ('stdout' | 'stderr')[]
  /** Passes signals on to the container. */
  readonly sigProxy: boolean
  readonly detachKeys?: string | undefined
  /** Gets all output, too. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', data: Uint8Array) => void
  /** Called when a signal was passed on. */
  readonly onSignal?: () => void
  /** Called when the container has ended, before anything of it is cleared away. */
  readonly onEnd?: () => Promise<void>
}

/** Throws `invalid` where a terminal is asked for and there is none, in docker's words. */
export function checkTerminal(
  terminal: Terminal,
  { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean },
): void {
  if (!tty || !stdin || terminal.inIsTerminal) return
  throw new StrakeError('invalid', 'the input device is not a TTY', {
    hint: 'Leave -t away when input comes from a pipe or a file.',
  })
}

/** The size of the person's terminal. Undefined where the output is none. */
export function terminalSize(terminal: Terminal): Size | undefined {
  if (!terminal.outIsTerminal) return undefined
  const { rows, columns } = process.stdout
  return { rows, columns }
}

/**
 * Connects a container with this terminal until it ends, or the person detaches from it. Gives its exit code; 0 after
 * detaching.
 */
export async function foreground(running: RunningContainer, options: ForegroundOptions): Promise<number> {
  const { terminal, streams = ['stdout', 'stderr'] } = options
  const { tty } = running.container.settings
  const detached = new AbortController()
  using input = options.stdin ? running.input() : undefined
  using _stdin = input && forwardInput(input, { terminal, tty, detachKeys: options.detachKeys, detached })
  using _signals = options.sigProxy ? forwardSignals(running, options) : undefined
  using _size = tty && terminal.outIsTerminal ? followSize(running, terminal) : undefined
  for await (const { stream, data } of running.output(detached.signal)) {
    if (streams.includes(stream)) terminal[stream === 'stdout' ? 'out' : 'err'](data)
    options.onOutput?.(stream, data)
    input?.drain()
  }
  if (!detached.signal.aborted) {
    await options.onEnd?.()
    return await running.wait()
  }
  running.release()
  terminal.err('read escape sequence\n')
  return 0
}

function forwardInput(
  input: ReturnType<RunningContainer['input']>,
  {
    terminal,
    tty,
    detachKeys,
    detached,
  }: {
    readonly terminal: Terminal
    readonly tty: boolean
    readonly detachKeys: string | undefined
    readonly detached: AbortController
  },
): Disposable {
  const { stdin } = terminal
  const raw = tty && terminal.inIsTerminal ? rawTerminal(0) : undefined
  const scan = tty ? detachScanner(parseDetachKeys(detachKeys ?? 'ctrl-p,ctrl-q')) : undefined
  let last = Promise.resolve(true)
  const send = (bytes: Uint8Array) => {
    stdin.pause()
    last = last.then(() => input.write(bytes))
    void last.then(() => stdin.resume())
  }
  const onData = (chunk: Buffer) => {
    const { pass, detach } = scan?.(chunk) ?? { pass: chunk, detach: false }
    if (pass.length > 0) send(pass)
    if (detach) detached.abort()
  }
  const onEnd = () => void last.then(() => input.end())
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd)
  return {
    [Symbol.dispose]() {
      raw?.[Symbol.dispose]()
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause()
    },
  }
}

/** Those that mean the process itself, and those that Node.js can't listen to. */
const ownSignals = [
  'SIGKILL',
  'SIGSTOP',
  'SIGCHLD',
  'SIGPIPE',
  'SIGURG',
  'SIGWINCH',
  'SIGTTIN',
  'SIGTTOU',
  'SIGTSTP',
  'SIGPROF',
  'SIGSEGV',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSTKFLT',
  'SIGUNUSED',
  'SIGPOLL',
  'SIGIOT',
]

function forwardSignals(running: RunningContainer, { terminal, onSignal }: ForegroundOptions): Disposable {
  let asked = 0
  const listener = (name: NodeJS.Signals) => {
    running.signal(name)
    onSignal?.()
    if ((name === 'SIGINT' || name === 'SIGTERM') && ++asked === 3) {
      terminal.err('\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n')
      process.exit(1)
    }
  }
  const names = (Object.keys(constants.signals) as NodeJS.Signals[]).filter((name) => !ownSignals.includes(name))
  for (const name of names) process.on(name, listener)
  return {
    [Symbol.dispose]() {
      for (const name of names) process.off(name, listener)
    },
  }
}

/** Between attempts to tell the size, in milliseconds. */
const resizePause = 20

function followSize(running: RunningContainer, terminal: Terminal): Disposable {
  let again: NodeJS.Timeout | undefined
  const listener = () => {
    clearTimeout(again)
    const size = terminalSize(terminal)
    if (size && !running.resize(size)) again = setTimeout(listener, resizePause)
  }
  process.stdout.on('resize', listener)
  // It may have changed while the container was started.
  listener()
  return {
    [Symbol.dispose]() {
      clearTimeout(again)
      process.stdout.off('resize', listener)
    },
  }
}
