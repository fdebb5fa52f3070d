import { closeSync, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { sys } from '../host/mod.ts'
import { bytesOf, errno, pathOf, S_IFCHR, StrakeError, textOf } from '../lib/mod.ts'
import type { Metadata } from './fill.ts'
import { opaqueXattrs } from './marks.ts'
import { type Found, find } from './scan.ts'
import type { ByteString } from './types.ts'

const O_DIRECTORY = 0o200000
const O_RDONLY = 0
const beneath = sys.RESOLVE_BENEATH | sys.RESOLVE_NO_SYMLINKS
/** As many symlinks as Linux follows in one path. */
const maxSymlinks = 40

/** A directory that is in the upper directory. */
export interface Directory {
  /** From the root, without symlinks. */
  readonly path: ByteString
  readonly parent: Directory | undefined
  readonly children: Map<ByteString, Directory>
  /** The layers below whose directory of that path shows through; undefined where nobody has looked yet. */
  lowers: readonly ByteString[] | undefined
  /** What it is to have at the end; the root keeps what it has. */
  metadata: Metadata | undefined
  /** Whether the tar has an entry for it. */
  named: boolean
}

/** What the layers below have under a name. */
type Below =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'directory'; readonly lowers: readonly ByteString[]; readonly found: Found }
  | { readonly kind: 'symlink' | 'other'; readonly source: ByteString }

/**
 * An upper directory seen on top of its layers, as overlayfs will show it. Paths are resolved name by name in that
 * view, and symlinks inside its root. What is changed is always named by a descriptor of its directory, which the kernel
 * opens without following any symlink: nothing can be reached outside.
 */
export class Tree implements Disposable {
  readonly root: Directory
  readonly #dir: ByteString
  readonly #fd: number
  readonly #blind: boolean
  readonly #waitForLower: () => void
  #hiddenBelowRoot: readonly ByteString[] = []
  /** The directory that was used last. */
  #open: { readonly directory: Directory; readonly fd: number } | undefined

  /** Without `lower`, nothing is known of what is below. `waitForLower` is called each time before that is looked at. */
  constructor(dir: string, lower: readonly string[] | undefined, waitForLower = () => {}) {
    this.#waitForLower = waitForLower
    this.#dir = bytesOf(dir)
    this.#blind = lower === undefined
    this.#fd = sys.call('openat', dir, sys.AT_FDCWD, sys.cstring(dir), sys.O_PATH | O_DIRECTORY | sys.O_CLOEXEC, 0)
    this.root = {
      path: '',
      parent: undefined,
      children: new Map(),
      lowers: (lower ?? []).map(bytesOf),
      metadata: undefined,
      named: true,
    }
  }

  [Symbol.dispose](): void {
    this.#forget()
    closeSync(this.#fd)
  }

  /**
   * The directory that a path (of names, as `namesIn` gives them) leads to; what is not there is made, with the metadata
   * of the layers below if they have it. Throws `invalid` when something on the way is no directory.
   */
  resolve(names: readonly ByteString[]): Directory {
    const ahead = names.toReversed()
    /** The way from the root, so that `..` in a symlink knows where it came from. */
    const way = [this.root]
    let symlinks = 0
    for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        if (way.length > 1) way.pop()
        continue
      }
      const here = way.at(-1)!
      const next = here.children.get(name) ?? this.#enter(here, name)
      if (typeof next !== 'string') {
        way.push(next)
        continue
      }
      if (++symlinks > maxSymlinks) {
        throw new StrakeError('invalid', `the layer leads through too many symlinks at ${textOf(names.join('/'))}`)
      }
      if (next.startsWith('/')) way.length = 1
      ahead.push(...next.split('/').reverse())
    }
    return way.at(-1)!
  }

  /** A directory below another, made if need be, or the target of a symlink. */
  #enter(parent: Directory, name: ByteString): Directory | ByteString {
    const path = join(parent.path, name)
    const own = lstat(this.place(path))
    if (own?.isSymbolicLink()) return readlinkSync(pathOf(this.place(path)), 'latin1')
    if (own && !own.isDirectory() && !isWhiteout(own)) throw notDirectory(path)
    const below = this.below(parent, name)
    if (!own) {
      if (below.kind === 'symlink') return readlinkSync(pathOf(below.source), 'latin1')
      if (below.kind === 'other') throw notDirectory(path)
    }
    return this.makeDirectory(parent, name, undefined)
  }

  /** Where a path of the upper directory is on this machine. For reading only: a symlink on the way would be followed. */
  place(path: ByteString): ByteString {
    return `${this.#dir}/${path}`
  }

  /** What the layers below show under a name in a directory. */
  below(parent: Directory, name: ByteString): Below {
    this.#waitForLower()
    const path = join(parent.path, name)
    const lowers: ByteString[] = []
    const places = this.#lowers(parent)
    for (const lower of places) {
      const place = `${lower}/${path}`
      const stat = lstat(place)
      if (!stat) continue
      if (!stat.isDirectory()) {
        if (lowers.length > 0 || isWhiteout(stat)) break
        return { kind: stat.isSymbolicLink() ? 'symlink' : 'other', source: place }
      }
      lowers.push(lower)
      if (lower !== places.at(-1) && isOpaque(place)) break
    }
    if (lowers.length === 0) return { kind: 'nothing' }
    return { kind: 'directory', lowers, found: find(`${lowers[0]}/${path}`) }
  }

  #lowers(directory: Directory): readonly ByteString[] {
    if (!directory.lowers) {
      const below = this.below(directory.parent!, directory.path.slice(directory.path.lastIndexOf('/') + 1))
      directory.lowers = below.kind === 'directory' ? below.lowers : []
    }
    return directory.lowers
  }

  /**
   * Makes a directory, or takes the one that is there. With `metadata` it gets that at the end; without, what the layers
   * below say. Whatever else has the name in this layer is replaced, and then nothing from below may show through.
   */
  makeDirectory(parent: Directory, name: ByteString, metadata: Metadata | undefined): Directory {
    const known = parent.children.get(name)
    if (known) {
      known.metadata = metadata ?? known.metadata
      known.named ||= metadata !== undefined
      return known
    }
    // One that the tar names is as the tar says: what is below may still be on its way.
    const below = metadata ? undefined : this.below(parent, name)
    const directory: Directory = {
      path: join(parent.path, name),
      parent,
      children: new Map(),
      lowers: below?.kind === 'directory' ? below.lowers : below && [],
      metadata: metadata ?? metadataOf(below?.kind === 'directory' ? below.found : undefined),
      named: metadata !== undefined,
    }
    const replaced = this.create(parent, name, (fd, cname) => {
      try {
        sys.call('mkdirat', directory.path, fd, cname, 0o700)
      } catch (error) {
        if (errno(error) !== 'EEXIST' || !lstat(this.place(directory.path))?.isDirectory()) throw error
      }
    })
    parent.children.set(name, directory)
    if (replaced && (this.#blind || this.#lowers(directory).length > 0)) this.makeOpaque(directory)
    return directory
  }

  /** Hides what the layers below have in a directory. */
  makeOpaque(directory: Directory): void {
    if (directory === this.root && !this.#blind) this.#hiddenBelowRoot = this.#lowers(directory)
    else this.#mark(directory)
    hideBelow(directory)
  }

  #mark(directory: Directory): void {
    const xattr = opaqueXattrs[process.geteuid!() === 0 ? 0 : 1]!
    sys.lsetxattr(this.handle(directory), xattr, Buffer.from('y'))
  }

  /** To be called when all is made. overlayfs does not look for a mark at its root: there each name is hidden itself. */
  hideBelowRoot(): void {
    if (this.#hiddenBelowRoot.length > 0) this.#waitForLower()
    for (const lower of this.#hiddenBelowRoot) {
      for (const name of readdirSync(pathOf(lower), 'latin1')) {
        const directory = this.root.children.get(name)
        if (directory) this.#mark(directory)
        else if (!lstat(this.place(name))) this.create(this.root, name, makeWhiteout)
      }
    }
  }

  /**
   * Calls `make` with the directory's descriptor and the name. If the name is taken, what has it is removed first.
   *
   * @returns whether something was removed
   */
  create(parent: Directory, name: ByteString, make: (fd: number, name: Buffer) => void): boolean {
    const fd = this.descriptor(parent)
    const cname = sys.cstring(Buffer.from(name, 'latin1'))
    try {
      make(fd, cname)
      return false
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error
    }
    this.remove(parent, name)
    make(this.descriptor(parent), cname)
    return true
  }

  /** Removes what has a name in the upper directory, with all that is in it. */
  remove(parent: Directory, name: ByteString): void {
    this.#forget()
    parent.children.delete(name)
    removeAt(this.descriptor(parent), name)
  }

  /** A descriptor of a directory, good until the next call of this object. */
  descriptor(directory: Directory): number {
    if (this.#open?.directory === directory) return this.#open.fd
    if (this.#open) closeSync(this.#open.fd)
    this.#open = undefined
    const fd = this.openDirectory(directory)
    this.#open = { directory, fd }
    return fd
  }

  /** A path to the directory itself that no symlink can divert, good until the next call of this object. */
  handle(directory: Directory): string {
    return `/proc/self/fd/${this.descriptor(directory)}/.`
  }

  /** The caller closes it. */
  openDirectory({ path }: Directory): number {
    return sys.openat2(this.#fd, Buffer.from(path || '.', 'latin1'), sys.O_PATH | O_DIRECTORY, beneath)
  }

  /** After a name has got another meaning. */
  #forget(): void {
    if (this.#open) closeSync(this.#open.fd)
    this.#open = undefined
  }
}

/** Removes a name below a directory, with all that is below it. No symlink is followed. */
function removeAt(fd: number, path: ByteString): void {
  const cpath = sys.cstring(Buffer.from(path, 'latin1'))
  try {
    sys.call('unlinkat', path, fd, cpath, 0)
    return
  } catch (error) {
    if (errno(error) !== 'EISDIR') throw error
  }
  const directory = sys.openat2(fd, Buffer.from(path, 'latin1'), O_RDONLY | O_DIRECTORY, beneath)
  let names: ByteString[]
  try {
    names = readdirSync(`/proc/self/fd/${directory}`, 'latin1')
  } finally {
    closeSync(directory)
  }
  for (const name of names) removeAt(fd, `${path}/${name}`)
  sys.call('unlinkat', path, fd, cpath, sys.AT_REMOVEDIR)
}

/** overlayfs.rst, Whiteouts. */
export function makeWhiteout(fd: number, name: Buffer): void {
  sys.call('mknodat', name.subarray(0, -1), fd, name, S_IFCHR, 0n)
}

function hideBelow(directory: Directory): void {
  directory.lowers = []
  for (const child of directory.children.values()) hideBelow(child)
}

/** A directory that nothing describes belongs to root, and has no time that would differ from one apply to the next. */
function metadataOf(found: Found | undefined): Metadata {
  if (!found) return { mode: 0o755, uid: 0, gid: 0, mtime: 0n }
  const { mode, uid, gid, mtime } = found.stat
  return { mode: mode & 0o7777, uid, gid, mtime, ...(found.xattrs && { xattrs: found.xattrs }) }
}

function isOpaque(place: ByteString): boolean {
  return find(place).opaque
}

function lstat(place: ByteString): Stats | undefined {
  return lstatSync(pathOf(place), { throwIfNoEntry: false })
}

/** overlayfs.rst, Whiteouts. */
export function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0
}

function notDirectory(path: ByteString): StrakeError {
  return new StrakeError('invalid', `the layer has entries below ${textOf(path)}, which is no directory`)
}

function join(path: ByteString, name: ByteString): ByteString {
  return path ? `${path}/${name}` : name
}
