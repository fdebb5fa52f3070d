import { mkdirSync, rmSync } from 'node:fs'
import { hostname as hostHostname } from 'node:os'
import { join } from 'node:path'
import { enterPrivateMounts, exec, mountOverlay, processIdentity } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import {
  enterRuntimeMounts,
  findDevices,
  findRuntimeFor,
  type Mount,
  makeMountPoints,
  type SpecOptions,
  startFailure,
  writeBundle,
} from '../runtime/mod.ts'
import { resizeTerminal, type Size } from './attach.ts'
import { type Monitor, readText, startMonitor } from './conmon.ts'
import { currentBoot, forget, refresh } from './end.ts'
import { requireInit } from './init.ts'
import { deviceNodes } from './isolation.ts'
import { cgroupOf, lockContainer, places } from './places.ts'
import { getContainer, setState } from './records.ts'
import type { Container, Context, Running } from './types.ts'
import { ensureSource, fillVolume, volumePath } from './volumes.ts'
import { unwire, type Wire, wire } from './wiring.ts'

/** A container that this process has started. */
export interface Started {
  readonly container: Container & { readonly state: Running }
  /** Resolves when it has ended: all its output is in the log, and its exit code can be asked for. */
  readonly ended: Promise<void>
  /** Whether it has. */
  hasEnded(): boolean
  /** Lets this process end before the container does. */
  release(): void
}

export interface StartOptions {
  /** The size of its terminal from the beginning. */
  readonly size?: Size | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Starts a container. Does not start one that runs: undefined then. Throws `failed` in docker's words, with exit code 125,
 * 126 or 127, when it can't be started; it stays as it was then, with the error noted.
 */
export async function startContainer(
  context: Context,
  wanted: Container,
  { size, signal }: StartOptions = {},
): Promise<Started | undefined> {
  const { store } = context
  await refresh(context, wanted)
  using _ = await lockContainer(store, wanted.id, signal)
  const container = getContainer(context, wanted.id)
  if (!container) throw new StrakeError('not_found', `No such container: ${wanted.id}`)
  if (container.state.kind === 'running') return undefined
  if (container.state.kind === 'removing') {
    throw new StrakeError('conflict', `container ${container.name} is marked for removal and cannot be started`)
  }
  try {
    return await start(context, container, size)
  } catch (error) {
    await Promise.all([forget(context, container), unwire(context, container.id)])
    if (error instanceof StrakeError && container.state.kind === 'created') {
      setState(context, container, { kind: 'created', error: error.message, exitCode: error.exitCode ?? 125 })
    }
    throw error
  }
}

async function start(context: Context, container: Container, size: Size | undefined): Promise<Started> {
  const { store } = context
  const { id, settings } = container
  const place = places(store, id)
  await forget(context, container)
  for (const path of [place.rootfs, place.runtimeRoot, place.exitDirectory])
    mkdirSync(path, { recursive: true, mode: 0o711 })
  rmSync(place.exitFile, { force: true })
  rmSync(join(place.directory, 'oom'), { force: true })
  mountRoot(context, container)
  const mounts = prepareMounts(context, container)
  using network = wire(context, container)
  const options = spec(container, { rootfs: place.rootfs, mounts, network })
  const runtime = findRuntimeFor(options)
  enterRuntimeMounts(runtime, options.cgroup)
  makeMountPoints(options)
  writeBundle(place.directory, runtime, options)
  // The network is made while the runtime makes the container: both take about as long.
  const [monitor, endpoint] = await both(
    startMonitor({ store, container, places: place, runtime: runtime.path, fds: network.fds }),
    network.attach(),
  )
  try {
    const state: Running = {
      kind: 'running',
      process: identity(monitor.pid, id),
      monitor: identity(monitor.monitorPid, id),
      boot: currentBoot(),
      runtime: runtime.path,
      startedAt: Date.now(),
      ...(endpoint && { endpoint }),
    }
    if (size && container.settings.tty) resizeTerminal(context, container, size)
    // Before it runs, so that nobody sees a container run that is not known to.
    setState(context, container, state)
    const { exitCode } = await exec(runtime.path, [
      ...['--root', place.runtimeRoot, '--log', place.runtimeLog, '--log-format', 'json', 'start', id],
    ])
    if (exitCode !== 0) {
      const failure = startFailure(readText(place.runtimeLog), [...settings.entrypoint, ...settings.command][0])
      throw failure ?? new StrakeError('failed', `${runtime.name} start ended with ${exitCode}`, { exitCode: 125 })
    }
    return started({ ...container, state }, monitor)
  } catch (error) {
    monitor.release()
    setState(context, container, container.state)
    throw error
  }
}

/** Waits for both, whatever happens, so that what one of them made can be undone. */
async function both(monitor: Promise<Monitor>, network: ReturnType<Wire['attach']>) {
  const [created, attached] = await Promise.allSettled([monitor, network])
  if (created.status === 'fulfilled' && attached.status === 'fulfilled') return [created.value, attached.value] as const
  if (created.status === 'fulfilled') created.value.release()
  throw created.status === 'rejected' ? created.reason : (attached as PromiseRejectedResult).reason
}

function identity(pid: number, id: string): string {
  const found = processIdentity(pid)
  if (found) return found
  throw new StrakeError('failed', `container ${id} was killed while it was started`, { exitCode: 125 })
}

function started(container: Started['container'], monitor: Monitor): Started {
  let ended = false
  const done = monitor.ended.then(() => {
    ended = true
  })
  return { container, ended: done, hasEnded: () => ended, release: () => monitor.release() }
}

function mountRoot({ store, images }: Context, container: Container): void {
  enterPrivateMounts()
  const { snapshot, image } = container
  if (snapshot === undefined) throw new StrakeError('internal', `container ${container.id} has no layer`)
  const { parent } = store.snapshots.get(snapshot)
  const upper = store.snapshots.dir(snapshot)
  const lower = store.snapshots.stack(parent)
  // An image without layers: overlayfs wants one all the same.
  if (lower.length === 0) lower.push(emptyDirectory(join(places(store, container.id).directory, 'empty')))
  try {
    const work = join(upper, '..', 'work')
    const { autoRemove } = container.settings
    mountOverlay(places(store, container.id).rootfs, { lower, upper: { dir: upper, work, volatile: autoRemove } })
  } catch (error) {
    if (errno(error) === undefined) throw error
    const name = images.find(image)?.names[0] ?? container.settings.image
    throw new StrakeError('failed', `can't mount the layers of ${name}: ${(error as Error).message}`, {
      exitCode: 125,
      cause: error,
    })
  }
}

function emptyDirectory(path: string): string {
  mkdirSync(path, { recursive: true })
  return path
}

function prepareMounts({ store }: Context, { id, settings }: Container): Mount[] {
  const { rootfs } = places(store, id)
  return settings.mounts.map((mount): Mount => {
    if (mount.kind === 'tmpfs') return { kind: 'tmpfs', source: 'tmpfs', target: mount.target, options: mount.options }
    const { target, readonly } = mount
    if (mount.kind === 'bind') {
      ensureSource(mount.source)
      return { kind: 'bind', source: mount.source, target, readonly }
    }
    fillVolume(store, mount, rootfs)
    return { kind: 'bind', source: volumePath(store, mount.name), target, readonly }
  })
}

function spec(
  container: Container,
  { rootfs, mounts, network }: { readonly rootfs: string; readonly mounts: readonly Mount[]; readonly network: Wire },
): SpecOptions {
  const { settings } = container
  const { cdiDevices = [] } = settings
  const taken = new Set(mounts.map(({ target }) => target))
  const files = network.files.filter(({ target }) => !taken.has(target))
  // A privileged one has all of them, under their own names.
  const devices = (settings.devices ?? []).filter(({ source, target }) => !(settings.privileged && source === target))
  const init = settings.init ? requireInit() : undefined
  const args = [...settings.entrypoint, ...settings.command]
  return {
    rootfs,
    readonlyRootfs: settings.readonlyRootfs,
    hostname: settings.network === 'host' ? settings.hostname || hostHostname() : settings.hostname,
    mounts: [
      ...files,
      ...mounts,
      ...(init ? [{ kind: 'bind', source: init, target: '/sbin/docker-init', readonly: true } as const] : []),
    ],
    network: network.namespace,
    cgroup: cgroupOf(container),
    unconfined: settings.unconfined,
    noNewPrivileges: settings.noNewPrivileges,
    ulimits: settings.ulimits,
    groupAdd: settings.groupAdd,
    shmSize: settings.shmSize,
    sysctls: settings.sysctls,
    edits: [
      ...findDevices(cdiDevices.map((name) => ({ name, required: true }))),
      { deviceNodes: deviceNodes(devices) },
    ],
    ipc: settings.ipc,
    pid: settings.pid,
    uts: settings.uts,
    args: init ? ['/sbin/docker-init', '--', ...args] : args,
    env: settings.env,
    cwd: settings.workdir,
    user: settings.user,
    tty: settings.tty,
    privileged: settings.privileged,
    capAdd: settings.capAdd,
    capDrop: settings.capDrop,
    limits: settings,
    oomScoreAdj: settings.oomScoreAdj,
  }
}
