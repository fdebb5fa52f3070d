import { closeSync, constants, ftruncateSync, lstatSync, openSync, readSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { pathOf, S_IFBLK, S_IFCHR, S_IFIFO, StrakeError, textOf } from '../lib/mod.ts'
import type { TarEntry, TarHandler } from '../tar/mod.ts'
import { explain } from './explain.ts'
import { type Fresh, finishFile, type Metadata, writeAll } from './fill.ts'
import { isPortable, opaqueMarker, whiteoutPrefix } from './marks.ts'
import { namesIn } from './names.ts'
import { describe, find } from './scan.ts'
import { tarEntry } from './segments.ts'
import { type Directory, isWhiteout, makeWhiteout, type Tree } from './tree.ts'
import type { ByteString } from './types.ts'
import { finishPath } from './upper.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

/** Takes the entries of a layer's tar and makes them files of an upper directory. */
export class Extraction implements TarHandler, Disposable {
  /** Bytes of files. */
  size = 0
  /** Directories that the tar has no entry for; known when it is finished. */
  readonly unnamed: ByteString[] = []
  readonly #tree: Tree
  readonly #fresh: Fresh = { uid: process.geteuid!(), gid: process.getegid!(), umask: process.umask() }
  /** The file whose content is coming. */
  #file: { readonly fd: number; readonly entry: TarEntry; end: number } | undefined
  readonly #whiteouts: 'overlay' | 'keep'

  constructor(tree: Tree, whiteouts: 'overlay' | 'keep') {
    this.#tree = tree
    this.#whiteouts = whiteouts
  }

  [Symbol.dispose](): void {
    if (this.#file) closeSync(this.#file.fd)
    this.#file = undefined
    this.#tree[Symbol.dispose]()
  }

  entry(entry: TarEntry): void {
    const names = namesIn(entry.path)
    const name = names.pop()
    // The root has its metadata from its snapshot, as docker does it.
    if (name === undefined) return
    if (this.#whiteouts === 'keep') {
      this.#attempt(entry.path, () => this.#place(this.#tree.resolve(names), name, entry))
      return
    }
    if (name === opaqueMarker) {
      this.#attempt(entry.path, () => this.#tree.makeOpaque(this.#tree.resolve(names)))
      return
    }
    // What else begins so is bookkeeping of AUFS, which the image spec reserves.
    if (name.startsWith('.wh..wh.') || names.some((part) => part.startsWith('.wh..wh.'))) return
    if (names.some((part) => part.startsWith(whiteoutPrefix))) throw notWhiteout(entry.path)
    this.#attempt(entry.path, () => {
      const parent = this.#tree.resolve(names)
      if (name.startsWith(whiteoutPrefix)) this.#whiteout(parent, name.slice(whiteoutPrefix.length), entry.path)
      else this.#place(parent, name, entry)
    })
  }

  data(bytes: Uint8Array, position: number): void {
    const file = this.#file
    if (!file) return
    this.#attempt(file.entry.path, () => writeAll(file.fd, bytes, position))
    file.end = position + bytes.length
  }

  close(): void {
    const file = this.#file
    if (!file) return
    this.#file = undefined
    this.#attempt(file.entry.path, () => {
      try {
        if (file.end < file.entry.size) ftruncateSync(file.fd, file.entry.size)
        finishFile(file.fd, metadataOf(file.entry), this.#fresh)
      } finally {
        closeSync(file.fd)
      }
    })
  }

  /** To be called after the last entry: directories get their times when nothing is made in them any more. */
  finish(): void {
    this.#attempt('/', () => this.#tree.hideBelowRoot())
    this.#finish(this.#tree.root)
  }

  #finish(directory: Directory): void {
    for (const child of directory.children.values()) this.#finish(child)
    const { metadata, path, named } = directory
    if (!named) this.unnamed.push(path)
    if (!metadata) return
    this.#attempt(path, () => {
      finishPath(this.#tree.handle(directory), { ...metadata, kind: 'directory' }, this.#fresh)
    })
  }

  #place(parent: Directory, name: ByteString, entry: TarEntry): void {
    const tree = this.#tree
    switch (entry.type) {
      case 'directory':
        tree.makeDirectory(parent, name, metadataOf(entry))
        return
      case 'file':
        tree.create(parent, name, (fd, cname) => {
          const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | sys.O_CLOEXEC
          this.#file = { fd: sys.call('openat', entry.path, fd, cname, flags, entry.mode & 0o777), entry, end: 0 }
        })
        this.size += entry.size
        return
      case 'link':
        this.#link(parent, name, entry)
        return
      case 'symlink': {
        const target = sys.cstring(Buffer.from(entry.target!, 'latin1'))
        tree.create(parent, name, (fd, cname) => sys.call('symlinkat', entry.path, target, fd, cname))
        break
      }
      default: {
        const type = entry.type === 'fifo' ? S_IFIFO : entry.type === 'char' ? S_IFCHR : S_IFBLK
        const { major, minor } = entry.device ?? { major: 0, minor: 0 }
        tree.create(parent, name, (fd, cname) =>
          sys.call('mknodat', entry.path, fd, cname, type, sys.makedev(major, minor)),
        )
      }
    }
    const place = `/proc/self/fd/${tree.descriptor(parent)}/${name}`
    finishPath(
      pathOf(place),
      { ...metadataOf(entry), kind: entry.type === 'symlink' ? 'symlink' : 'device' },
      this.#fresh,
    )
  }

  #whiteout(parent: Directory, name: ByteString, path: ByteString): void {
    if (name === '' || name === '.' || name === '..') throw notWhiteout(path)
    this.#tree.create(parent, name, makeWhiteout)
  }

  #link(parent: Directory, name: ByteString, entry: TarEntry): void {
    const tree = this.#tree
    const names = namesIn(entry.target!)
    const targetName = names.pop()
    const targetParent = targetName === undefined ? undefined : tree.resolve(names)
    if (targetName === undefined || !targetParent || (targetParent === parent && targetName === name)) {
      throw noTarget(entry)
    }
    this.#copyUp(targetParent, targetName, entry)
    const source = tree.openDirectory(targetParent)
    try {
      const cname = sys.cstring(Buffer.from(targetName, 'latin1'))
      tree.create(parent, name, (fd, to) => sys.call('linkat', entry.path, source, cname, fd, to, 0))
    } finally {
      closeSync(source)
    }
  }

  /** What only a layer below has comes up into this one, as overlayfs does it when a link is made. */
  #copyUp(parent: Directory, name: ByteString, link: TarEntry): void {
    const path = parent.path ? `${parent.path}/${name}` : name
    const own = lstatSync(pathOf(this.#tree.place(path)), { throwIfNoEntry: false })
    if (own && !own.isDirectory() && !isWhiteout(own)) return
    const below = own ? undefined : this.#tree.below(parent, name)
    const source = below && 'source' in below ? below.source : undefined
    const found = source && describe(path, find(source))
    if (!found) throw noTarget(link)
    this.#place(parent, name, tarEntry(found))
    if (!this.#file) return
    const fd = openSync(pathOf(source), O_RDONLY | O_NOFOLLOW)
    try {
      const buffer = Buffer.allocUnsafe(Math.min(found.kind === 'file' ? found.size : 0, 1024 * 1024) + 1)
      for (let at = 0; ; ) {
        const count = readSync(fd, buffer, 0, buffer.length, at)
        if (count === 0) break
        this.data(buffer.subarray(0, count), at)
        at += count
      }
    } finally {
      closeSync(fd)
    }
    this.close()
  }

  #attempt(path: ByteString, action: () => void): void {
    try {
      action()
    } catch (error) {
      throw explain(error, `can't unpack ${textOf(path)}`)
    }
  }
}

/** Attributes that are the machine's affair are left out, and those that Linux has only for files and directories. */
function metadataOf({ type, mode, uid, gid, mtime, xattrs }: TarEntry): Metadata {
  if (!xattrs) return { mode, uid, gid, mtime }
  const plain = type === 'file' || type === 'directory'
  const kept = [...xattrs].filter(([name]) => isPortable(name) && (plain || !name.startsWith('user.')))
  return { mode, uid, gid, mtime, xattrs: new Map(kept) }
}

function noTarget({ path, target }: TarEntry): StrakeError {
  return new StrakeError(
    'invalid',
    `the layer has a hard link ${textOf(path)} to ${textOf(target!)}, which is no file in it`,
  )
}

function notWhiteout(path: ByteString): StrakeError {
  return new StrakeError('invalid', `the layer has an entry ${textOf(path)}, which is no valid whiteout`)
}
