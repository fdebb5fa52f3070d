import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { errno, StrakeError } from '../lib/mod.ts'

export interface RunOptions {
  readonly input?: string | Uint8Array | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly cwd?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Gets standard output and error as they come; without it they are collected. */
  readonly onOutput?: ((stream: 'stdout' | 'stderr', chunk: Buffer) => void) | undefined
}

export interface RunResult {
  /** The exit code, or 128 plus the number of the signal that ended it, as shells count. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of the host to its end. Throws `unavailable` where it is not installed, `cancelled` by signal. */
export async function exec(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted()
  const child = spawn(command, args, {
    env: options.env,
    cwd: options.cwd,
    signal: options.signal,
    killSignal: 'SIGKILL',
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => (options.onOutput ? options.onOutput('stdout', chunk) : out.push(chunk)))
  child.stderr!.on('data', (chunk: Buffer) => (options.onOutput ? options.onOutput('stderr', chunk) : err.push(chunk)))
  if (options.input !== undefined) child.stdin!.on('error', () => {}).end(options.input)
  const exitCode = await ended(child, command)
  return { exitCode, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
}

/** As `exec`, but throws `failed` with what the program said when it ends with anything but 0. */
export async function execChecked(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await exec(command, args, options)
  if (exitCode !== 0) {
    const said = (stderr || stdout).trim()
    throw new StrakeError('failed', `${command} ${args[0] ?? ''} ended with ${exitCode}${said && `: ${said}`}`, {
      exitCode,
    })
  }
  return stdout
}

/** Waits for a child and gives its exit code as shells count it. */
export function ended(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let cancelled: StrakeError | undefined
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        const hint = `Install ${command}, or see what else is missing with: strake info --check`
        reject(new StrakeError('unavailable', `${command} is not installed`, { hint, cause: error }))
      } else if (error.name === 'AbortError') {
        cancelled = new StrakeError('cancelled', 'cancelled', { cause: error })
      } else reject(error)
    })
    child.once('close', (code, signal) => {
      if (cancelled) reject(cancelled)
      else resolve(code ?? 128 + signalNumber(signal))
    })
  })
}

const signals: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal ? (signals[signal] ?? 0) : 0
}

/**
 * Names a process beyond the reuse of its number: pid and start time in clock ticks since boot (proc(5), stat field 22).
 * Undefined when there is no such process.
 */
export function processIdentity(pid: number): string | undefined {
  if (pid !== process.pid) return readIdentity(pid)
  own ??= readIdentity(pid)
  return own
}

let own: string | undefined

function readIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${pid}.${fields[19]}`
  } catch (error) {
    // Whatever else went wrong (EMFILE), it may be alive, and what it owns must not be taken from it.
    if (errno(error) === 'ENOENT' || errno(error) === 'ESRCH') return undefined
    throw error
  }
}

/** The command that starts this Strake, from the sources as from the bundle; what it shall do comes after it. */
export function strakeProgram(): [program: string, ...args: string[]] {
  const isSource = import.meta.url.endsWith('.ts')
  const main = fileURLToPath(new URL(isSource ? '../main.ts' : './start.cjs', import.meta.url))
  return [process.execPath, '--disable-warning=ExperimentalWarning', main]
}
