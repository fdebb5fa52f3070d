import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { posix } from 'node:path'
import { openDirectory, sys } from '../host/mod.ts'
import { errno } from '../lib/mod.ts'
import type { Mount, SpecOptions } from './types.ts'

/** Paths here are those of the layer: `/etc/hosts`, with symlinks resolved. */
interface Stub {
  readonly path: string
  readonly kind: 'file' | 'directory'
  /** For a directory. */
  readonly mode: number
}

/**
 * Makes the mount points that a root file system lacks, and takes them away again when disposed, so that a layer does not
 * tell what was mounted while it was made: the runtime would make them and leave them. Only empty ones are taken away;
 * directories keep the modification time that they would have had. /proc, /dev and /sys, below which nothing of the root
 * is seen, are left, as Docker does. Of `asked`, those of the mounts that a person asked for, more is told, as BuildKit does: the
 * directory in which a mount point was made stays in the layer, with the time when that was.
 *
 * `rootfs` is an overlay mount whose upper directory is `upper`. Dispose it when the container has ended;
 * the mount must not be used after that, for its upper directory is changed under it.
 */
export function mountStubs(
  { rootfs, upper }: { readonly rootfs: string; readonly upper: string },
  mounts: readonly Mount[],
  asked: readonly Mount[] = [],
): Disposable {
  const stubs: Stub[] = []
  /** Directories that overlayfs copies up only for a stub. */
  const copied = new Set<string>()
  const inMemory = new Set(
    mounts.filter(({ kind }) => kind === 'tmpfs').map(({ target }) => posix.resolve('/', target)),
  )
  for (const mount of mounts) {
    const keep = asked.includes(mount) ? (_: string, change: () => void) => change() : keepTimes
    if (isCovered(mount.target)) continue
    const kind = mount.kind === 'bind' && !statSync(mount.source).isDirectory() ? 'file' : 'directory'
    const names = posix.normalize(`/${mount.target}`).split('/').filter(Boolean)
    for (let end = 1; end <= names.length; end++) {
      const path = missing(rootfs, names.slice(0, end))
      if (!path) continue
      if (keep === keepTimes) {
        for (const ancestor of ancestors(path)) if (!exists(upper + ancestor)) copied.add(ancestor)
      }
      // The runtime gives a tmpfs the mode of its mount point.
      const mode = inMemory.has(`/${names.slice(0, end).join('/')}`) ? 0o1777 : 0o755
      const stub: Stub = { path, kind: end === names.length ? kind : 'directory', mode }
      keep(posix.dirname(rootfs + path), () => create(rootfs, stub))
      stubs.push(stub)
    }
  }
  const changed = new Map([...copied].map((path) => [path, ctime(upper + path)]))
  return { [Symbol.dispose]: () => remove(upper, stubs.reverse(), changed) }
}

/** Whether nothing of the root file system is seen there. */
function isCovered(target: string): boolean {
  return /^\/(dev|proc|sys)\//.test(posix.normalize(target))
}

/** Makes the mount points that a root file system lacks, as runc does; crun makes the directories above them sticky. */
export function makeMountPoints({ rootfs, mounts = [] }: Pick<SpecOptions, 'rootfs' | 'mounts'>): void {
  for (const { kind, source, target } of mounts) {
    if (isCovered(target)) continue
    const last = kind === 'bind' && !statSync(source).isDirectory() ? 'file' : 'directory'
    const names = posix.normalize(`/${target}`).split('/').filter(Boolean)
    for (let end = 1; end <= names.length; end++) {
      const path = missing(rootfs, names.slice(0, end))
      if (!path) continue
      const isLast = end === names.length
      // runc gives a tmpfs the mode of its mount point.
      create(rootfs, { path, kind: isLast ? last : 'directory', mode: isLast && kind === 'tmpfs' ? 0o1777 : 0o755 })
    }
  }
}

/** Permission bits of what is at a path. Undefined where nothing is. */
export function modeInRoot(rootfs: string, path: string): number | undefined {
  return open(rootfs, path, sys.RESOLVE_IN_ROOT, (fd) => fstatSync(fd).mode & 0o7777)
}

/** The layer path of a name that is not there, below a directory that is; undefined where it is, or can't be made. */
function missing(rootfs: string, names: readonly string[]): string | undefined {
  if (open(rootfs, `/${names.join('/')}`, sys.RESOLVE_IN_ROOT, () => true)) return undefined
  const parent = open(rootfs, `/${names.slice(0, -1).join('/')}`, sys.RESOLVE_IN_ROOT, realpath)
  const root = open(rootfs, '/', sys.RESOLVE_IN_ROOT, realpath)
  if (parent === undefined || root === undefined) return undefined
  const path = posix.join('/', parent.slice(root.length), names.at(-1)!)
  // A dangling symlink: the runtime says what is wrong with it.
  return exists(rootfs + path) ? undefined : path
}

function create(rootfs: string, { path, kind, mode }: Stub): void {
  if (kind === 'file') writeFileSync(rootfs + path, '', { flag: 'wx', mode: 0o755 })
  else {
    mkdirSync(rootfs + path, 0o755)
    if (mode !== 0o755) chmodSync(rootfs + path, mode)
  }
}

function remove(upper: string, stubs: readonly Stub[], changed: ReadonlyMap<string, bigint | undefined>): void {
  // The container may have put symlinks in the way, which must not lead us out of the layer.
  const inside = <T>(path: string, use: (path: string) => T) =>
    open(upper, posix.dirname(path), sys.RESOLVE_NO_SYMLINKS, (fd) =>
      use(`/proc/self/fd/${fd}/${posix.basename(path)}`),
    )
  const untouched = [...changed].filter(([path, before]) => inside(path, ctime) === before).map(([path]) => path)
  const removeEmpty = (path: string) =>
    inside(path, (there) => {
      const stat = lstatSync(there, { throwIfNoEntry: false })
      if (stat?.isFile() && stat.size === 0) keepTimes(posix.dirname(there), () => unlinkSync(there))
      else if (stat?.isDirectory() && !readdirSync(there).length)
        keepTimes(posix.dirname(there), () => rmdirSync(there))
    })
  for (const { path } of stubs) removeEmpty(path)
  for (const path of untouched.sort((a, b) => b.length - a.length)) removeEmpty(path)
}

/** Directories above a path, without the root. */
function ancestors(path: string): string[] {
  const names = path.split('/').slice(1, -1)
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)
}

/** Undefined where the path does not exist, or may not be followed. */
function open<T>(root: string, path: string, resolve: number, use: (fd: number) => T): T | undefined {
  const directory = openDirectory(root)
  try {
    const fd = sys.openat2(directory, `.${path}`, sys.O_PATH, resolve | sys.RESOLVE_NO_MAGICLINKS)
    try {
      return use(fd)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errno(error) ?? '')) return undefined
    throw error
  } finally {
    closeSync(directory)
  }
}

function realpath(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`)
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function ctime(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ctimeNs
}

function keepTimes(directory: string, change: () => void): void {
  const { atimeNs, mtimeNs } = statSync(directory, { bigint: true })
  change()
  sys.lutimes(`${directory}/.`, atimeNs, mtimeNs)
}
