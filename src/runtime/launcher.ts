import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ended, sys } from '../host/mod.ts'
import { S_IFIFO, StrakeError } from '../lib/mod.ts'

/**
 * A small shell that starts the runtime, one step after the other. Node.js is slow to fork, and every step would need
 * the programs around it anew.
 *
 * Every process of a pid namespace dies with its first one, which is the shell here: it dies with its parent (unshare), and
 * that with us. The runtime finds its processes by their numbers there, hence a /proc of its own. What this process
 * mounts later is seen there too (`enterPrivateMounts`).
 */
interface Launcher {
  readonly child: ChildProcess
  /** Gets the exit code of the step under way, or why there will be none. */
  onEnd: ((result: number | Error) => void) | undefined
  /** How often it has had nothing to do. */
  rests: number
}

/** The shell's program: two lines of input name the runtime and the bundle of a step, a line of output is its exit code. */
const loop = `while read -r runtime && read -r step; do
  "$runtime" --root "$step/state" --log "$step/log.json" --log-format json run --bundle "$step" step <"$step/in" >"$step/out" 2>"$step/err"
  echo $?
done`

/** Milliseconds after which a shell that has nothing to do ends. */
const patience = 2000

const idle: Launcher[] = []

export interface LaunchOptions {
  /** The path of the runtime. */
  readonly runtime: string
  /** The bundle. Its log is `log.json` there. */
  readonly directory: string
  readonly stdin: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
  /** Called at once with the streams of what the process writes. */
  readonly onStart: (stdout: Readable, stderr: Readable) => void
}

/**
 * Runs a bundle, gives its exit code when it has ended and all it wrote was read. Throws `cancelled` when the signal fires,
 * with all its processes killed; `failed` when they were killed from outside.
 */
export async function launch({ runtime, directory, stdin, signal, onStart }: LaunchOptions): Promise<number> {
  const input = join(directory, 'in')
  if (stdin) writeFileSync(input, stdin)
  else symlinkSync('/dev/null', input)
  using stdout = fifo(join(directory, 'out'))
  using stderr = fifo(join(directory, 'err'))
  onStart(stdout.stream, stderr.stream)
  const launcher = idle.pop() ?? start()
  const { child } = launcher
  const kill = () => void child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      launcher.onEnd = (result) => (typeof result === 'number' ? resolve(result) : reject(result))
      occupy(launcher, true)
      child.stdin!.write(`${runtime}\n${directory}\n`)
    })
    await Promise.all([stdout.drained(), stderr.drained()])
    launcher.onEnd = undefined
    idle.push(launcher)
    occupy(launcher, false)
    return exitCode
  } catch (error) {
    throw signal?.aborted ? new StrakeError('cancelled', 'cancelled', { cause: signal.reason }) : error
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

function start(): Launcher {
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child=KILL'],
      ...['--mount-proc', '--propagation', 'slave', 'sh', '-c', loop],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const launcher: Launcher = { child, onEnd: undefined, rests: 0 }
  let said = ''
  child.stdin!.on('error', () => {})
  child.stdout!.on('data', (line: Buffer) => launcher.onEnd?.(Number(line)))
  child.stderr!.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-1000)
  })
  const gone = (error: Error) => {
    retire(launcher)
    launcher.onEnd?.(error)
  }
  ended(child, 'setpriv').then(() => {
    gone(new StrakeError('failed', `the step was killed${said && `: ${said.trim()}`}`, { exitCode: 137 }))
  }, gone)
  return launcher
}

/** Takes a launcher from those that wait for a step. Whether it was one of them. */
function retire(launcher: Launcher): boolean {
  const index = idle.indexOf(launcher)
  if (index >= 0) idle.splice(index, 1)
  return index >= 0
}

/** Whether a launcher has a step, and keeps this process alive. One that has had none for a while ends. */
function occupy(launcher: Launcher, busy: boolean): void {
  const { child } = launcher
  for (const handle of [child, child.stdin as Socket, child.stdout as Socket, child.stderr as Socket]) {
    if (busy) handle.ref()
    else handle.unref()
  }
  if (busy) return
  const since = ++launcher.rests
  setTimeout(() => {
    if (launcher.rests !== since || !retire(launcher)) return
    child.stdin!.end()
  }, patience).unref()
}

/** A pipe by name, of which this process reads. */
function fifo(path: string) {
  sys.mknod(path, S_IFIFO | 0o600, { major: 0, minor: 0 })
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  // As long as there is a writer, the pipe has no end.
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const stream = new Socket({ fd: reader, readable: true, writable: false })
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
  let open = true
  const close = () => {
    if (open) closeSync(writer)
    open = false
  }
  return {
    stream,
    /** Resolves when all was read that was written by now. */
    drained(): Promise<void> {
      close()
      return closed
    },
    [Symbol.dispose]() {
      close()
      stream.destroy()
    },
  }
}
