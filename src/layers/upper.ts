import { chmodSync, closeSync, constants, linkSync, lstatSync, mkdirSync, openSync, symlinkSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { bytesOf, pathOf, S_IFBLK, S_IFCHR, S_IFIFO, textOf } from '../lib/mod.ts'
import { explain } from './explain.ts'
import { createFile, type FileMetadata, type Fresh, finishFile, type Metadata } from './fill.ts'
import type { ByteString, LayerEntry } from './types.ts'

/** Entries become files below a new, empty directory. The content of files is written by others (fill.ts). */
export class Upper {
  readonly fresh: Fresh
  readonly #dir: ByteString
  readonly #directories: LayerEntry[] = []
  readonly #links: Extract<LayerEntry, { kind: 'link' }>[] = []
  readonly #large: FileMetadata[] = []

  constructor(dir: string) {
    this.#dir = bytesOf(dir)
    // A setgid bit that came from a directory above would go on to all that is made here (inode(7)).
    const { mode } = lstatSync(dir)
    if (mode & 0o2000) chmodSync(dir, mode & 0o5777)
    this.fresh = { uid: process.geteuid!(), gid: process.getegid!(), umask: process.umask() }
  }

  file(entry: LayerEntry): FileMetadata {
    const { mode, uid, gid, mtime, xattrs } = entry
    return { path: this.#path(entry.path), mode, uid, gid, mtime, ...(xattrs && { xattrs }) }
  }

  /** Makes a file that is written in parts, and finished by `finish`. */
  createLarge(entry: LayerEntry): ByteString {
    const file = this.file(entry)
    this.#attempt(entry, () => closeSync(createFile(file.path, file.mode)))
    this.#large.push(file)
    return file.path
  }

  /** Makes a file another name of one that is the same. False where that can't be done. */
  shareLarge(entry: LayerEntry & { kind: 'file' }, reuse: ByteString): boolean {
    try {
      if (lstatSync(pathOf(reuse)).size !== entry.size) return false
      linkSync(pathOf(reuse), pathOf(this.#path(entry.path)))
      return true
    } catch {
      // It has as many names as it can have, or is gone.
      return false
    }
  }

  /** Makes anything but a file. */
  create(entry: LayerEntry): void {
    const path = pathOf(this.#path(entry.path))
    this.#attempt(entry, () => {
      switch (entry.kind) {
        case 'directory':
          mkdirSync(path, 0o700)
          this.#directories.push(entry)
          return
        case 'link':
          this.#links.push(entry)
          return
        case 'symlink':
          symlinkSync(pathOf(entry.target), path)
          break
        case 'device':
          sys.mknod(path, entry.type === 'char' ? S_IFCHR : S_IFBLK, entry)
          break
        case 'fifo':
          sys.mknod(path, S_IFIFO, { major: 0, minor: 0 })
      }
      this.#finish(entry)
    })
  }

  /** To be called when the content of all files is written. */
  finish(): void {
    for (const file of this.#large) {
      const fd = openSync(pathOf(file.path), constants.O_WRONLY)
      try {
        finishFile(fd, file, this.fresh)
      } finally {
        closeSync(fd)
      }
    }
    for (const link of this.#links) {
      this.#attempt(link, () => linkSync(pathOf(this.#path(link.target)), pathOf(this.#path(link.path))))
    }
    // Making something in a directory sets its time: children first.
    for (const directory of this.#directories.reverse()) this.#attempt(directory, () => this.#finish(directory))
  }

  #finish(entry: LayerEntry): void {
    finishPath(pathOf(this.#path(entry.path)), entry, this.fresh)
  }

  #path(path: ByteString): ByteString {
    return `${this.#dir}/${path}`
  }

  #attempt(entry: LayerEntry, action: () => void): void {
    try {
      action()
    } catch (error) {
      throw explain(error, `can't write ${textOf(entry.path)}`)
    }
  }
}

/**
 * Gives anything but a file its owner, mode, attributes and time, in the order in which they do not undo each other.
 * It has just been made, with no permissions that `entry` does not have, or only the owner's.
 */
export function finishPath(
  path: sys.Path,
  entry: Metadata & { readonly kind: LayerEntry['kind'] },
  fresh: Fresh,
): void {
  const { kind, mode, uid, gid, mtime, xattrs } = entry
  const cpath = sys.cstring(path)
  if (uid !== fresh.uid || gid !== fresh.gid) {
    sys.call('fchownat', path, sys.AT_FDCWD, cpath, uid, gid, sys.AT_SYMLINK_NOFOLLOW)
  }
  if (kind !== 'symlink') sys.call('fchmodat', path, sys.AT_FDCWD, cpath, mode, 0)
  if (xattrs) for (const [name, value] of xattrs) sys.lsetxattr(path, Buffer.from(name, 'latin1'), value)
  sys.lutimes(path, mtime, mtime)
}
