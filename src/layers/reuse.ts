import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, errno, PathRecords, PathRecordsWriter } from '../lib/mod.ts'
import { explain } from './explain.ts'
import type { ByteString, EarlierFiles, LayerEntry } from './types.ts'

/**
 * Notes beside a layer's directory what files it was given, so that a later layer can share them (`earlierFiles`). Whoever
 * removes the one removes the other; the note alone may be lost at any time. Files without a digest are left out.
 *
 * @throws `unavailable` when the disk is full
 */
export function noteFiles(dir: string, entries: Iterable<LayerEntry>): void {
  const records = new PathRecordsWriter()
  for (const entry of entries) {
    const identity = identityOf(entry)
    if (identity) records.add(entry.path, identity)
  }
  try {
    const fd = openSync(noteBeside(dir), 'w')
    try {
      for (const chunk of records.chunks) writeFileSync(fd, chunk)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw explain(error, `can't write ${noteBeside(dir)}`)
  }
}

/** Forgets the note, where a later layer of the same files has one: that one is looked at first. */
export function forgetFiles(dir: string): void {
  rmSync(noteBeside(dir), { force: true })
}

/**
 * The first of the layers in `dirs` that has any file of the entries, the same in content and metadata. Only files whose digest
 * is known are looked for, best in their order. The layers must be finished, and on one file system with the new one.
 */
export function earlierFiles(entries: Iterable<LayerEntry>, dirs: readonly string[]): EarlierFiles | undefined {
  for (const dir of dirs) {
    const noted = readNote(dir)
    const known = (entry: LayerEntry) => {
      const identity = identityOf(entry)
      const at = identity && noted.find(entry.path)
      return at !== undefined && noted.holds(at, identity!)
    }
    if (!some(entries, known)) continue
    noted.cursor = 0
    const files = {
      dir,
      root: bytesOf(dir),
      bytes: 0,
      has(entry: LayerEntry) {
        if (!known(entry)) return false
        if (entry.kind === 'file') files.bytes += entry.size
        return true
      },
    }
    return files
  }
  return undefined
}

function some(entries: Iterable<LayerEntry>, test: (entry: LayerEntry) => boolean): boolean {
  for (const entry of entries) if (test(entry)) return true
  return false
}

/**
 * Programs that look for tampering, cron first of all, refuse configuration that has several names, and the kernel tells
 * containers how many there are.
 */
const unshared = /^(?:etc|var\/spool)\//

/** Whether a file at that place may have other names elsewhere. */
export const isShareable = (path: ByteString) => !unshared.test(path)

const identitySize = 16 + 8 + 32
const identity = Buffer.alloc(identitySize)

/** All that makes a file what it is, but for its path; undefined for what is not shared. Valid until the next call. */
function identityOf(entry: LayerEntry): Buffer | undefined {
  if (entry.kind !== 'file' || entry.xattrs || !entry.source.digest || !isShareable(entry.path)) return undefined
  identity.writeUInt32LE(entry.mode, 0)
  identity.writeUInt32LE(entry.uid, 4)
  identity.writeUInt32LE(entry.gid, 8)
  identity.writeBigInt64LE(BigInt.asIntN(64, entry.mtime), 16)
  identity.write(entry.source.digest.slice(7), 24, 'hex')
  return identity
}

function readNote(dir: string): PathRecords {
  let bytes: Buffer = Buffer.alloc(0)
  try {
    bytes = readFileSync(noteBeside(dir))
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw explain(error, `can't read ${noteBeside(dir)}`)
  }
  return new PathRecords(bytes, identitySize)
}

function noteBeside(dir: string): string {
  return join(dir, '..', 'files')
}
