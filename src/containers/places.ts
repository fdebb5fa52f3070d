import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sys } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import type { Store } from '../store/mod.ts'
import type { Container } from './types.ts'

/** The files of a container: `containers/ID` in the store, which is also its OCI bundle. */
export function places(store: Store, id: string) {
  const directory = join(store.root, 'containers', id)
  const run = runDirectory(store)
  return {
    directory,
    /** Where the overlay is mounted, in the mount namespace of whoever started it. */
    rootfs: join(directory, 'rootfs'),
    log: join(directory, 'log'),
    /** The runtime's own log, for the reason of a failed start. */
    runtimeLog: join(directory, 'runtime.log'),
    monitorLog: join(directory, 'conmon.log'),
    pidFile: join(directory, 'pid'),
    /** conmon's fifo for window sizes, and its socket for standard input. */
    control: join(directory, 'ctl'),
    /** See `lockContainer`. */
    lock: join(run, 'lock', id),
    /** The runtime's state of all containers. */
    runtimeRoot: join(run, 'runtime'),
    runtimeState: join(run, 'runtime', id),
    exitDirectory: join(run, 'exit'),
    /** Written by conmon when the container ends: its exit code. Taken away when that is recorded. */
    exitFile: join(run, 'exit', id),
  }
}

/** The cgroup of a container. */
export function cgroupOf({ id, settings }: Container): string {
  const parent = posix.join('/', settings.cgroupParent ?? '')
  return posix.join(parent === '/' ? '/strake' : parent, id)
}

/** What need not, and must not, outlive the machine's uptime: one directory for each store. */
export function runDirectory(store: Store): string {
  const base = process.getuid?.() === 0 ? '/run/strake' : join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), 'strake')
  return join(base, createHash('sha256').update(store.root).digest('hex').slice(0, 12))
}

const LOCK_EX = 2
const LOCK_NB = 4

/**
 * Holds a container against all other processes: while it is started, while its end is recorded, while it is removed.
 * The lock goes with the process. Throws `cancelled` by signal.
 */
export async function lockContainer(store: Store, id: string, signal?: AbortSignal): Promise<Disposable> {
  const { lock } = places(store, id)
  mkdirSync(dirname(lock), { recursive: true, mode: 0o700 })
  const fd = openSync(lock, 'a', 0o600)
  try {
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      try {
        sys.call('flock', lock, fd, LOCK_EX | LOCK_NB)
        return { [Symbol.dispose]: () => closeSync(fd) }
      } catch (error) {
        if (errno(error) !== 'EAGAIN') throw error
      }
      if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
      await sleep(pause)
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
