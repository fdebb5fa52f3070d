import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ended } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { holdBackComplaint, ociProcess, startFailure } from '../runtime/mod.ts'
import { readText } from './conmon.ts'
import { hasStarted, refresh, runtimeOf } from './end.ts'
import { places } from './places.ts'
import { findContainer } from './records.ts'
import type { Context } from './types.ts'

export interface ExecOptions {
  readonly command: readonly string[]
  /** `KEY=value`, on top of the container's. */
  readonly env?: readonly string[] | undefined
  readonly workdir?: string | undefined
  readonly user?: string | undefined
  readonly privileged?: boolean | undefined
  /** Uses this process' own terminal. */
  readonly tty?: boolean | undefined
  /** Comes back as soon as the process has been started: 0 then. */
  readonly detach?: boolean | undefined
  /** What the process reads; nothing without it. */
  readonly stdin?: NodeJS.ReadableStream | undefined
  readonly onOutput?: ((stream: 'stdout' | 'stderr', chunk: Buffer) => void) | undefined
  /** Called with the runtime's process, to pass signals on to. */
  readonly onStart?: ((child: ChildProcess) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs another process in a running container, with its environment, user and working directory unless others are given.
 * Gives the exit code. Throws `not_found`, `conflict` (it does not run), and `failed` in docker's words (with exit code 126
 * or 127) when the process can't be started.
 */
export async function execInContainer(context: Context, nameOrId: string, options: ExecOptions): Promise<number> {
  const { store } = context
  const { detach = false, onOutput, stdin } = options
  // What goes on alone has no terminal to go on with.
  const tty = (options.tty ?? false) && !detach
  const container = await refresh(context, findContainer(context, nameOrId))
  if (!container || !hasStarted(container)) {
    throw new StrakeError('conflict', `container ${container?.id ?? nameOrId} is not running`, {
      hint: `Start it first: strake start ${nameOrId}`,
    })
  }
  const { id, settings, state } = container
  const { directory, runtimeRoot } = places(store, id)
  const runtime = runtimeOf(state)
  const privileged = options.privileged ?? settings.privileged
  const process = ociProcess(`/proc/${Number.parseInt(state.process, 10)}/root`, {
    args: options.command,
    env: merge(tty ? ['TERM=xterm', ...settings.env] : settings.env, options.env ?? []),
    cwd: options.workdir ?? settings.workdir,
    user: options.user ?? settings.user,
    tty,
    privileged,
    capAdd: settings.capAdd,
    capDrop: settings.capDrop,
    noNewPrivileges: settings.noNewPrivileges,
    ulimits: settings.ulimits,
    groupAdd: settings.groupAdd,
    oomScoreAdj: settings.oomScoreAdj,
  })
  const files = mkdtempSync(join(directory, 'exec-'))
  const log = join(files, 'runtime.log')
  try {
    writeFileSync(join(files, 'process.json'), JSON.stringify(process))
    const child = spawn(
      runtime,
      [
        ...['--root', runtimeRoot, '--log', log, '--log-format', 'json', 'exec'],
        ...(detach ? ['--detach'] : []),
        ...['--process', join(files, 'process.json'), id],
      ],
      // Never our own descriptors without a terminal of its own: through a terminal, a process could type into ours.
      { stdio: stdio(options, tty) },
    )
    options.onStart?.(child)
    const kill = () => child.kill('SIGKILL')
    options.signal?.addEventListener('abort', kill, { once: true })
    if (child.stdin) stdin?.pipe(child.stdin.on('error', () => {}))
    child.stdout?.on('data', (chunk: Buffer) => onOutput?.('stdout', chunk))
    const complaint = holdBackComplaint(child.stderr ?? Readable.from([]), (chunk) => onOutput?.('stderr', chunk))
    const exitCode = await ended(child, runtime)
    options.signal?.removeEventListener('abort', kill)
    if (child.stdin) stdin?.unpipe(child.stdin)
    const failure = startFailure(readText(log), options.command[0])
    if (failure) {
      throw new StrakeError(
        'failed',
        `OCI runtime exec failed: exec failed: unable to start container process: ${failure.message}`,
        {
          exitCode: failure.exitCode,
          cause: failure,
        },
      )
    }
    if (!tty) complaint.release()
    return exitCode
  } finally {
    rmSync(files, { recursive: true, force: true })
  }
}

function stdio({ detach, stdin }: ExecOptions, tty: boolean): StdioOptions {
  if (tty) return ['inherit', 'inherit', 'pipe']
  if (detach) return 'ignore'
  return [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe']
}

function merge(env: readonly string[], more: readonly string[]): string[] {
  const all = new Map<string, string>()
  for (const entry of [...env, ...more]) {
    const equals = entry.indexOf('=')
    if (equals === 0) throw new StrakeError('invalid', `invalid environment variable: ${entry}`)
    if (equals < 0) all.delete(entry)
    else all.set(entry.slice(0, equals), entry)
  }
  return [...all.values()]
}
