import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { strakeProgram } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import { startFailure } from '../runtime/mod.ts'
import type { Store } from '../store/mod.ts'
import type { places } from './places.ts'
import type { Container } from './types.ts'

/** conmon, with a container that it has created and that waits to be started. */
export interface Monitor {
  /** Of the container's first process. */
  readonly pid: number
  /** conmon's own. */
  readonly monitorPid: number
  /** Resolves when the container has ended: its exit file is written, its output is in the log. */
  readonly ended: Promise<void>
  /** Lets this process end before the container does. */
  release(): void
}

export interface MonitorOptions {
  readonly store: Store
  readonly container: Container
  readonly places: ReturnType<typeof places>
  readonly runtime: string
  /** Descriptors that conmon keeps open as long as it lives: reserved ports. */
  readonly fds: readonly number[]
}

/**
 * Starts conmon, which has the runtime create the container. conmon outlives this process: it writes the output to the log
 * (CRI's format), keeps standard input and the terminal, writes the exit code, and calls `strake container cleanup` last.
 * It lives on in this process' mount namespace, and that is what keeps the container's root mounted.
 * Throws `failed` in docker's words, with the exit code 125, 126 or 127.
 */
export async function startMonitor({ store, container, places, runtime, fds }: MonitorOptions): Promise<Monitor> {
  const { id, settings } = container
  rmSync(places.runtimeLog, { force: true })
  const args = [
    ...['--sync', '--cid', id, '--cuuid', id, '--name', container.name, '--bundle', places.directory],
    ...['--runtime', runtime, '--runtime-arg', `--root=${places.runtimeRoot}`],
    ...['--runtime-arg', `--log=${places.runtimeLog}`, '--runtime-arg', '--log-format=json'],
    ...['--log-path', `k8s-file:${places.log}`, '--no-sync-log', '--container-pidfile', places.pidFile],
    ...['--exit-dir', places.exitDirectory, '--full-attach'],
    ...(settings.tty ? ['--terminal'] : []),
    ...(settings.interactive ? ['--stdin'] : []),
    // A terminal outlives the client that detaches from it.
    ...(settings.interactive && (settings.tty || !settings.stdinOnce) ? ['--leave-stdin-open'] : []),
    ...['--exit-command', '/bin/sh'],
    ...['-c', cleanup, 'sh', runtime, places.runtimeState, places.directory, places.exitFile].flatMap(exitArgument),
    ...[...strakeProgram(), 'container', 'cleanup', id].flatMap(exitArgument),
  ]
  const errors = openSync(places.monitorLog, 'w', 0o600)
  let child: ChildProcess
  try {
    child = spawn('conmon', args, {
      stdio: ['ignore', 'ignore', errors, 'pipe', ...fds],
      // Not in the terminal's process group: Ctrl-C is not for conmon.
      detached: true,
      // Where it notes that memory ran out.
      cwd: places.directory,
      env: { ...process.env, STRAKE_ROOT: store.root, TZ: 'UTC', _OCI_SYNCPIPE: '3' },
    })
  } finally {
    closeSync(errors)
  }
  const pipe = child.stdio[3] as Readable
  const ended = new Promise<void>((resolve) => pipe.once('close', resolve))
  const pid = await created(child, pipe)
  if (pid === undefined) throw createFailure(places, [...settings.entrypoint, ...settings.command][0])
  return {
    pid,
    monitorPid: child.pid!,
    ended,
    release() {
      child.unref()
      pipe.destroy()
    },
  }
}

/**
 * conmon's exit command, with the runtime, its state of the container, the container's directory and its exit file. Who waits for
 * the container records its end at once, and has the runtime forget it; only where nobody has done so a little later, it is
 * done here, by a strake for a container that is still there. The exit code of one that is removed stays so long for all who wait.
 */
const cleanup = `sleep 0.3
runtime=$1 state=$2 directory=$3 exit=$4
shift 4
if [ -e "$state" ] && [ -e "$directory" ]; then "$@"; fi
if [ -e "$state" ] && [ ! -e "$directory" ]; then "$runtime" --root "\${state%/*}" delete --force "\${state##*/}"; fi
[ -e "$directory" ] || rm -f "$exit"`

function exitArgument(word: string): string[] {
  return ['--exit-command-arg', word]
}

/** The first line on conmon's sync pipe is `{"pid": N}` (`data` in older ones), or -1 with a message. */
function created(child: ChildProcess, pipe: Readable): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const hint = 'Install conmon, or see what else is missing with: strake info --check'
      if (errno(error) !== 'ENOENT') reject(error)
      else reject(new StrakeError('unavailable', 'conmon is not installed', { hint, cause: error }))
    })
    let text = ''
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (!text.includes('\n')) return
      const { pid, data = pid } = JSON.parse(text) as { pid?: number; data?: number }
      resolve(data !== undefined && data > 0 ? data : undefined)
    })
    pipe.once('close', () => resolve(undefined))
  })
}

function createFailure(places: MonitorOptions['places'], program: string | undefined): StrakeError {
  const failure = startFailure(readText(places.runtimeLog), program)
  if (failure) return failure
  const said = readText(places.monitorLog).trim()
  return new StrakeError('failed', `the container could not be created${said && `: ${said}`}`, { exitCode: 125 })
}

/** Empty where there is no such file. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT') return ''
    throw error
  }
}
