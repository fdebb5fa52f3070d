import { closeSync, openSync } from 'node:fs'
import { errno } from '../lib/mod.ts'
import { AT_FDCWD, call, cstring, O_PATH } from './sys.ts'

const CLONE_NEWNS = 0x00020000
const CLONE_NEWNET = 0x40000000
const MS_RDONLY = 1
const MS_REMOUNT = 32
const MS_BIND = 4096
const MS_REC = 16384
const MS_SLAVE = 1 << 19
const MS_SHARED = 1 << 20
const MNT_DETACH = 2

let isPrivate = false

/**
 * Moves this process into a mount namespace of its own, once. What it and its children mount from then on is seen by
 * nobody else and goes when the last of them ends, however it ends: no mount is ever left behind. Mounts that the host
 * makes still arrive (slave propagation). Call it on the main thread, before worker threads are started: a thread
 * inherits the namespace of the thread that made it.
 */
export function enterPrivateMounts(): void {
  if (isPrivate) return
  call('unshare', 'mount namespace', CLONE_NEWNS)
  call('mount', '/', cstring('none'), cstring('/'), null, MS_REC | MS_SLAVE, null)
  // Children with a mount namespace of their own may follow what is mounted here later.
  call('mount', '/', cstring('none'), cstring('/'), null, MS_REC | MS_SHARED, null)
  isPrivate = true
}

export interface Overlay {
  /** Read-only layers, the topmost first. */
  readonly lower: readonly string[]
  /** Where changes go, and its work directory on the same file system; without them the mount is read-only. */
  readonly upper?: {
    readonly dir: string
    readonly work: string
    /**
     * What is written need not outlive a crash of the machine: the kernel (5.10 on) leaves out every sync. Otherwise taking
     * the mount away writes all that the disk has pending. The work directory can't be mounted again.
     */
    readonly volatile?: boolean
  }
}

/**
 * Mounts a stack of layers on `target`, without redirects, metacopy and index, so that the upper directory alone says
 * what changed. Directories are named by file descriptor, because mount(2) takes at most a page of options, in which commas,
 * colons and backslashes mean something.
 * Throws `EINVAL` from the kernel beyond about 230 layers or 500 where each name is short.
 */
export function mountOverlay(target: string, { lower, upper }: Overlay): void {
  const [only] = lower
  if (!upper && lower.length === 1 && only) {
    bindMount(only, target, { readonly: true })
    return
  }
  const handles: number[] = []
  try {
    const name = (dir: string) => {
      const fd = openSync(dir, O_PATH)
      handles.push(fd)
      return `/proc/self/fd/${fd}`
    }
    const options = [`lowerdir=${lower.map(name).join(':')}`, 'redirect_dir=off', 'metacopy=off', 'index=off']
    if (upper) options.push(`upperdir=${name(upper.dir)}`, `workdir=${name(upper.work)}`)
    try {
      mount('overlay', target, 'overlay', 0, [...options, ...(upper?.volatile ? ['volatile'] : [])].join(','))
    } catch (error) {
      if (!upper?.volatile || errno(error) !== 'EINVAL') throw error
      mount('overlay', target, 'overlay', 0, options.join(','))
    }
  } finally {
    for (const fd of handles) closeSync(fd)
  }
}

export function bindMount(source: string, target: string, { readonly = false, recursive = false } = {}): void {
  const flags = MS_BIND | (recursive ? MS_REC : 0)
  call('mount', target, cstring(source), cstring(target), null, flags, null)
  if (readonly) call('mount', target, null, cstring(target), null, MS_REMOUNT | MS_RDONLY | flags, null)
}

export function mount(source: string, target: string, type: string, flags = 0, options = ''): void {
  call('mount', target, cstring(source), cstring(target), cstring(type), flags, cstring(options))
}

/** Takes the mount away now, and its busy parts when they are let go. */
export function unmount(target: string): void {
  call('umount2', target, cstring(target), MNT_DETACH)
}

/** A network namespace that lives as long as the descriptor (or a process in it). `path` opens it from any process. */
export interface NetworkNamespace extends Disposable {
  readonly path: string
}

export function createNetworkNamespace(): NetworkNamespace {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  try {
    call('unshare', 'network namespace', CLONE_NEWNET)
    try {
      const fd = openSync('/proc/thread-self/ns/net', 'r')
      return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) }
    } finally {
      call('setns', 'network namespace', own, CLONE_NEWNET)
    }
  } finally {
    closeSync(own)
  }
}

/** Opens a directory for *at calls only. The caller closes it. */
export function openDirectory(path: string): number {
  return call('openat', path, AT_FDCWD, cstring(path), O_PATH | 0o200000 | 0o2000000, 0)
}
