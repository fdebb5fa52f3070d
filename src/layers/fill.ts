import { hash } from 'node:crypto'
import { closeSync, constants, fchmodSync, fchownSync, linkSync, openSync, readSync, writeSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { errno, pathOf, StrakeError, textOf } from '../lib/mod.ts'
import { explain } from './explain.ts'
import type { ByteString } from './types.ts'

const { O_CREAT, O_EXCL, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

export const hashSize = 32

/** A stretch of file content that lies in a segment, padding not counted. */
export interface Piece {
  /** Where in the segment. */
  readonly at: number
  readonly length: number
  /** Where the bytes come from; without it they are in the segment already. */
  readonly source: Source | undefined
  /** The file that gets them too. */
  readonly target: Target | undefined
  /** Hash them, if they are all of the file. */
  readonly hash: boolean
}

export interface Source {
  readonly path: ByteString
  readonly position: number
  /** Whether the file ends with this piece. */
  readonly last: boolean
}

export type Target =
  /** The file is made, with all that it has; or it becomes another name of `reuse`, which has it all. */
  | { readonly kind: 'whole'; readonly file: FileMetadata; readonly reuse?: ByteString | undefined }
  /** The file is there; somebody else sees to the rest. */
  | { readonly kind: 'part'; readonly path: ByteString; readonly position: number }

export interface FileMetadata extends Metadata {
  readonly path: ByteString
}

export interface Metadata {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: bigint
  readonly xattrs?: ReadonlyMap<ByteString, Uint8Array>
}

/** What a new file has by itself in a directory: what need not be set. */
export interface Fresh {
  readonly uid: number
  readonly gid: number
  readonly umask: number
}

/**
 * Fills the pieces of a segment from their sources and copies them to their targets.
 *
 * @returns the SHA-256 of the pieces that were to be hashed, in order, 32 bytes each
 * @throws `not_found` when a source is gone, `failed` when it changed its size
 */
export function fillPieces(segment: Uint8Array, pieces: Iterable<Piece>, fresh: Fresh): Uint8Array {
  const hashes: Buffer[] = []
  for (const piece of pieces) {
    const { at, length, source, target } = piece
    if (target?.kind === 'whole' && share(segment, piece, target)) continue
    if (source) readPiece(segment, piece, source)
    if (!target && !piece.hash) continue
    const bytes = segment.subarray(at, at + length)
    if (target) writePiece(bytes, target, fresh)
    if (piece.hash) hashes.push(hash('sha256', bytes, 'buffer'))
  }
  // All that lies in the same memory would go to another thread with them.
  const all = new Uint8Array(hashes.length * hashSize)
  for (const [i, each] of hashes.entries()) all.set(each, i * hashSize)
  return all
}

/** Whether the target is now another name of the file that it may reuse, and the bytes are that file's. */
function share(segment: Uint8Array, piece: Piece, { file, reuse }: Target & { kind: 'whole' }): boolean {
  if (reuse === undefined) return false
  try {
    readPiece(segment, piece, { path: reuse, position: 0, last: true })
    linkSync(pathOf(reuse), pathOf(file.path))
    return true
  } catch {
    // It has as many names as it can have, or is damaged or gone. Copying works, or says what is wrong.
    return false
  }
}

const beyond = new Uint8Array(1)

function readPiece(segment: Uint8Array, { at, length }: Piece, { path, position, last }: Source): void {
  let fd: number
  try {
    fd = openToRead(pathOf(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
      throw new StrakeError('not_found', `${textOf(path)} went away while it was read`, { cause: error })
    }
    throw explain(error, `can't read ${textOf(path)}`)
  }
  try {
    // One byte more, where there is room for it, tells whether the file ends; what stands there is put back.
    const asked = last && at + length < segment.length ? length + 1 : length
    const next = segment[at + length]!
    let done = 0
    while (done < length) {
      const count = readSync(fd, segment, at + done, asked - done, position + done)
      if (count === 0) throw changed(path)
      done += count
    }
    if (done > length) {
      segment[at + length] = next
      throw changed(path)
    }
    if (last && asked === length && readSync(fd, beyond, 0, 1, position + done) !== 0) throw changed(path)
  } catch (error) {
    throw explain(error, `can't read ${textOf(path)}`)
  } finally {
    closeSync(fd)
  }
}

/** A new time of access is another inode to write, which takes longer than to read a small file: it is left as it is. */
let noAccessTime = O_NOATIME

function openToRead(path: string | Buffer): number {
  // It was a regular file when it was looked at. Should it be a FIFO by now, opening it must not wait.
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
  if (noAccessTime === 0) return openSync(path, flags)
  try {
    return openSync(path, flags | noAccessTime)
  } catch (error) {
    // For whoever does not own the file: not for root, but in a user namespace.
    if (errno(error) !== 'EPERM') throw error
    noAccessTime = 0
    return openSync(path, flags)
  }
}

function changed(path: ByteString): StrakeError {
  return new StrakeError('failed', `${textOf(path)} changed its size while it was read`, {
    hint: 'Something still writes to it. Try again when it is done, or list it in .dockerignore.',
  })
}

function writePiece(bytes: Uint8Array, target: Target, fresh: Fresh): void {
  const path = target.kind === 'whole' ? target.file.path : target.path
  try {
    const fd = target.kind === 'whole' ? createFile(path, target.file.mode) : openSync(pathOf(path), O_WRONLY)
    try {
      writeAll(fd, bytes, target.kind === 'part' ? target.position : 0)
      if (target.kind === 'whole') finishFile(fd, target.file, fresh)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw explain(error, `can't write ${textOf(path)}`)
  }
}

/** Makes a file that was not there. The caller closes it. */
export function createFile(path: ByteString, mode: number): number {
  return openSync(pathOf(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777)
}

export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done)
  }
}

/** Gives a file its owner, mode, attributes and time, in the order in which they do not undo each other. */
export function finishFile(fd: number, file: Metadata, fresh: Fresh): void {
  const { mode, uid, gid, xattrs } = file
  if (uid !== fresh.uid || gid !== fresh.gid) fchownSync(fd, uid, gid)
  if ((mode & fresh.umask) !== 0 || mode > 0o777) fchmodSync(fd, mode)
  if (xattrs) for (const [name, value] of xattrs) sys.fsetxattr(fd, Buffer.from(name, 'latin1'), value)
  sys.futimes(fd, file.mtime, file.mtime)
}
