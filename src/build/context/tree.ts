import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import type { IgnoreMatcher } from '../../dockerfile/mod.ts'
import {
  type ByteString,
  errno,
  pathOf,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  StrakeError,
  textOf,
} from '../../lib/mod.ts'

/** What lstat says of a file. */
export abstract class FileStat {
  abstract readonly mode: number
  abstract readonly nlink: number
  abstract readonly uid: number
  abstract readonly gid: number
  abstract readonly size: number
  abstract readonly rdev: bigint
  abstract readonly dev: bigint
  abstract readonly ino: bigint
  /** Nanoseconds since the epoch. */
  abstract readonly mtimeNs: bigint
  abstract readonly ctimeNs: bigint

  isFile(): boolean {
    return (this.mode & S_IFMT) === S_IFREG
  }

  isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR
  }

  isSymbolicLink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK
  }

  isFIFO(): boolean {
    return (this.mode & S_IFMT) === S_IFIFO
  }

  isSocket(): boolean {
    return (this.mode & S_IFMT) === S_IFSOCK
  }

  isBlockDevice(): boolean {
    return (this.mode & S_IFMT) === S_IFBLK
  }

  isDevice(): boolean {
    return this.isBlockDevice() || (this.mode & S_IFMT) === S_IFCHR
  }
}

class Lstat extends FileStat {
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly rdev: bigint
  readonly dev: bigint
  readonly ino: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint

  constructor({ mode, nlink, uid, gid, size, rdev, dev, ino, mtimeNs, ctimeNs }: BigIntStats) {
    super()
    this.mode = Number(mode)
    this.nlink = Number(nlink)
    this.uid = Number(uid)
    this.gid = Number(gid)
    this.size = Number(size)
    this.rdev = rdev
    this.dev = dev
    this.ino = ino
    this.mtimeNs = mtimeNs
    this.ctimeNs = ctimeNs
  }
}

/** Of the file itself: no symlink is followed. Throws what `lstatSync` throws. */
export function lstat(path: string | Buffer): FileStat {
  return new Lstat(lstatSync(path, { bigint: true }))
}

/** A directory that COPY and ADD read: a build context, or the root of a stage or an image. Paths in it are relative. */
export interface Tree {
  /** As a byte string, without a closing slash. */
  readonly root: ByteString
  /** What a person knows it as, for messages. */
  readonly name: string
  stat(path: ByteString): FileStat | undefined
  /** Names in the directory, sorted; those that the ignore file hides are left out. */
  list(path: ByteString): readonly ByteString[]
  /** The target of a symlink, as a byte string. */
  readlink(path: ByteString): ByteString
  readonly ignore: IgnoreMatcher | undefined
  /** Name of the file that `ignore` was read from. */
  readonly ignoreFile: string | undefined
}

export interface TreeOptions {
  readonly ignore?: IgnoreMatcher | undefined
  readonly ignoreFile?: string | undefined
}

/** Reads each directory once. */
export function openTree(root: ByteString, name: string, { ignore, ignoreFile }: TreeOptions = {}): Tree {
  const stats = new Map<ByteString, FileStat | undefined>()
  /** Names, closed by NUL: there may be very many. */
  const lists = new Map<ByteString, string>()
  const absolute = (path: ByteString) => pathOf(path === '' ? root : `${root}/${path}`)

  function stat(path: ByteString): FileStat | undefined {
    if (stats.has(path)) return stats.get(path)
    let found: FileStat | undefined
    try {
      found = lstat(absolute(path))
    } catch (error) {
      if (errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') throw unreadable(name, path, error)
    }
    // The greater part of a context is files, which are looked at once.
    if (!found?.isFile()) stats.set(path, found)
    return found
  }

  /** An ignored directory is still read where a `!` pattern may bring something below it back. */
  function visible(path: ByteString): boolean {
    if (!ignore?.ignored(textOf(path))) return true
    if (!stat(path)?.isDirectory() || !ignore.mayReinclude(textOf(path))) return false
    return list(path).length > 0
  }

  function list(path: ByteString): readonly ByteString[] {
    const known = lists.get(path)
    if (known !== undefined) return known.split('\0').slice(0, -1)
    let names: ByteString[]
    try {
      names = readdirSync(absolute(path), { encoding: 'latin1' })
    } catch (error) {
      throw unreadable(name, path, error)
    }
    const prefix = path === '' ? '' : `${path}/`
    const listed = (ignore ? names.filter((child) => visible(prefix + child)) : names).sort()
    lists.set(path, listed.map((child) => `${child}\0`).join(''))
    return listed
  }

  return {
    root,
    name,
    ignore,
    ignoreFile,
    stat,
    list,
    readlink: (path) => readlinkSync(absolute(path), { encoding: 'latin1' }),
  }
}

function unreadable(tree: string, path: ByteString, cause: unknown): StrakeError {
  const why = cause instanceof Error ? cause.message.replace(/,.*/s, '') : String(cause)
  return new StrakeError('failed', `can't read ${textOf(path) || '.'} of ${tree}: ${why}`, {
    hint: 'If the image does not need it, leave it out with a line in .dockerignore.',
    cause,
  })
}

const maxLinks = 40

/**
 * Follows the symlinks of a path as a process whose root is the tree would: absolute targets start at the tree's root and
 * `..` stops there. The last components need not exist. The tree must not change meanwhile.
 *
 * @returns the path without any symlink in it. Throws `invalid` after 40 links.
 */
export function resolveInTree(tree: Tree, path: ByteString): ByteString {
  const resolved = tryResolve(tree, path)
  if (resolved !== undefined) return resolved
  throw new StrakeError(
    'invalid',
    `too many levels of symbolic links: ${textOf(path).replace(/^\/*/, '/')} in ${tree.name}`,
  )
}

function tryResolve(tree: Tree, path: ByteString): ByteString | undefined {
  let links = 0
  const done: string[] = []
  const todo = path.split('/').reverse()
  while (todo.length) {
    const part = todo.pop()!
    if (part === '' || part === '.') continue
    if (part === '..') {
      done.pop()
      continue
    }
    const here = [...done, part].join('/')
    if (!tree.stat(here)?.isSymbolicLink()) {
      done.push(part)
      continue
    }
    if (++links > maxLinks) return undefined
    const target = tree.readlink(here)
    if (target.startsWith('/')) done.length = 0
    todo.push(...target.split('/').reverse())
  }
  return done.join('/')
}

/** The path as the tree knows it: relative, without `.` and `..`, which can't leave it. */
export function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** Whether the name is a pattern (Go's filepath.Match). */
export function isPattern(path: string): boolean {
  return /[*?[\\]/.test(path)
}

/** The paths that match a pattern, links followed inside the tree, component by component, in order. Throws `invalid` for a malformed pattern. */
export function glob(tree: Tree, pattern: ByteString): ByteString[] {
  let found: ByteString[] = ['']
  for (const part of pattern.split('/')) {
    const test = isPattern(part) ? matcher(part) : undefined
    const next: ByteString[] = []
    for (const base of found) {
      const prefix = base === '' ? '' : `${base}/`
      const real = tryResolve(tree, base)
      if (real === undefined) continue
      if (!test) {
        if (tree.stat(real === '' ? part : `${real}/${part}`)) next.push(prefix + part)
      } else if (base === '' || tree.stat(real)?.isDirectory()) {
        for (const name of tree.list(real)) if (test.test(name)) next.push(prefix + name)
      }
    }
    found = next
  }
  return found
}

/** Go's filepath.Match for one component. */
function matcher(pattern: string): RegExp {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    if (c === '*') source += '[^/]*'
    else if (c === '?') source += '[^/]'
    else if (c === '\\') source += quote(pattern[++i] ?? bad(pattern))
    else if (c === '[') {
      const close = pattern.indexOf(']', pattern[i + 1] === '^' ? i + 3 : i + 2)
      if (close < 0) bad(pattern)
      source += `[${pattern.slice(i + 1, close).replace(/[[\]&~]/g, '\\$&')}]`
      i = close
    } else source += quote(c)
  }
  try {
    return new RegExp(`^${source}$`, 's')
  } catch (cause) {
    throw new StrakeError('invalid', `syntax error in pattern ${JSON.stringify(pattern)}`, { cause })
  }
}

function quote(c: string): string {
  return c.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function bad(pattern: string): never {
  throw new StrakeError('invalid', `syntax error in pattern ${JSON.stringify(pattern)}`)
}
