import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { exec, processIdentity, unmount } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import { findRuntime, removeCgroup } from '../runtime/mod.ts'
import { watchChanges } from './changes.ts'
import { cgroupOf, lockContainer, places } from './places.ts'
import { getContainer, setState } from './records.ts'
import { removeFiles } from './remove.ts'
import type { Container, ContainerState, Context, Running } from './types.ts'
import { unwire } from './wiring.ts'

/** What docker says of a container whose end nobody saw, as after a loss of power. */
const unknownExit = 255

let bootId: string | undefined

/** The kernel's id of this boot. */
export function currentBoot(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return bootId
}

function isAlive(identity: string): boolean {
  return processIdentity(Number.parseInt(identity, 10)) === identity
}

/** A container that runs, as far as its record says. */
export function hasStarted(container: Container): container is Container & { readonly state: Running } {
  return container.state.kind === 'running'
}

/** Whether a container that was running still is. It has ended as soon as conmon says so, or can't say so any more. */
export function isRunning({ store }: Context, id: string, state: Running): boolean {
  return state.boot === currentBoot() && isAlive(state.monitor) && !existsSync(places(store, id).exitFile)
}

/** Sends a signal to the container's first process. False when it has ended. */
export function signalProcess(state: Running, signal: NodeJS.Signals): boolean {
  if (state.boot !== currentBoot() || !isAlive(state.process)) return false
  try {
    return process.kill(Number.parseInt(state.process, 10), signal)
  } catch (error) {
    if (errno(error) === 'ESRCH') return false
    throw error
  }
}

/**
 * Brings the record of a container in line with what has become of it. Where it has ended since, its end is recorded, its
 * network and what the runtime kept of it are given back, and with `autoRemove` it is removed: undefined then.
 * Any process may do it, any number of times.
 */
export async function refresh(context: Context, container: Container): Promise<Container | undefined> {
  if (container.state.kind !== 'running' || isRunning(context, container.id, container.state)) return container
  using _ = await lockContainer(context.store, container.id)
  const current = getContainer(context, container.id)
  if (current?.state.kind !== 'running' || isRunning(context, current.id, current.state)) return current
  return await recordEnd(context, current, current.state)
}

async function recordEnd(context: Context, container: Container, state: Running): Promise<Container | undefined> {
  const { id, settings } = container
  const { exitFile, directory } = places(context.store, id)
  const end = readEnd(exitFile)
  const oomKilled = existsSync(`${directory}/oom`)
  // Without conmon nobody keeps it: where it still runs, it is ended.
  if (end) await forgetEnded(context, container)
  else await forget(context, container)
  await unwire(context, id)
  const exited = {
    kind: 'exited',
    exitCode: end?.exitCode ?? (state.boot === currentBoot() ? 137 : unknownExit),
    startedAt: state.startedAt,
    finishedAt: end?.at ?? Date.now(),
    oomKilled,
  } as const
  if (settings.autoRemove) removeFiles(context, container, { volumes: true })
  else setState(context, container, exited)
  return settings.autoRemove ? undefined : { ...container, state: exited }
}

/** What conmon has written when the container ended. Undefined while it runs, and later when it was removed. */
export function readExitCode({ store }: Context, id: string): number | undefined {
  return readEnd(places(store, id).exitFile)?.exitCode
}

function readEnd(exitFile: string): { readonly exitCode: number; readonly at: number } | undefined {
  try {
    const exitCode = Number.parseInt(readFileSync(exitFile, 'latin1'), 10)
    return Number.isNaN(exitCode) ? undefined : { exitCode, at: Math.round(statSync(exitFile).mtimeMs) }
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Has the runtime end and forget a container, with its cgroup, and takes our mount of its root away. */
export async function forget({ store }: Context, container: Container): Promise<void> {
  const { id, state } = container
  const { runtimeRoot, runtimeState, rootfs } = places(store, id)
  if (existsSync(runtimeState)) {
    const path = runtimeOf(state)
    const { exitCode, stderr } = await exec(path, ['--root', runtimeRoot, 'delete', '--force', id])
    if (exitCode !== 0 && existsSync(runtimeState)) {
      throw new StrakeError('failed', `${path} can't delete the container ${id}: ${stderr.trim()}`)
    }
  }
  await removeCgroup(cgroupOf(container))
  unmountRoot(rootfs)
}

/**
 * As `forget`, of a container that has ended, in a tenth of the time: all that the runtime keeps of it by then is its cgroup and its
 * state. That goes last: should this process be killed, conmon's exit command does the rest.
 */
async function forgetEnded({ store }: Context, container: Container): Promise<void> {
  const { runtimeState, rootfs } = places(store, container.id)
  await removeCgroup(cgroupOf(container))
  rmSync(runtimeState, { recursive: true, force: true })
  unmountRoot(rootfs)
}

/** The runtime that knows a container; another one may have been installed since it was started. */
export function runtimeOf(state: ContainerState): string {
  return (state.kind === 'running' && state.runtime) || findRuntime().path
}

function unmountRoot(rootfs: string): void {
  try {
    unmount(rootfs)
  } catch (error) {
    // EINVAL: it is not mounted in this process' namespace.
    if (!['EINVAL', 'ENOENT', 'EPERM'].includes(errno(error) ?? '')) throw error
  }
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds. */
  readonly timeout?: number
}

/**
 * Waits until a container that was seen running does not run any more and its end is recorded. Gives its exit code, or
 * undefined when the time is over. Throws `cancelled` by signal.
 */
export async function waitForEnd(
  context: Context,
  container: Container & { readonly state: Running },
  { signal, timeout }: WaitOptions = {},
): Promise<number | undefined> {
  const { id, state } = container
  const { exitDirectory, exitFile } = places(context.store, id)
  const deadline = timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeout
  using changes = watchChanges(exitDirectory)
  while (isRunning(context, id, state)) {
    if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
    if (Date.now() >= deadline) return undefined
    await changes.next(Math.min(500, deadline - Date.now()), signal)
    // Another start of it would be another life.
    if (!isSameLife(getContainer(context, id), state)) break
  }
  // Read before it is recorded, since with `autoRemove` nothing else tells it afterwards.
  const end = readEnd(exitFile)
  const after = await refresh(context, container)
  if (after?.state.kind === 'exited' && after.state.startedAt === state.startedAt) return after.state.exitCode
  return end?.exitCode ?? 137
}

function isSameLife(container: Container | undefined, state: Running): boolean {
  return container?.state.kind === 'running' && container.state.process === state.process
}
