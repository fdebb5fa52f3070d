import { hash, randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, errno, PathRecords, PathRecordsWriter } from '../lib/mod.ts'
import { explain } from './explain.ts'
import { hashSize } from './fill.ts'
import type { ByteString, EarlierFiles, LayerEntry } from './types.ts'

const writtenAtOnce = 4096

/**
 * Notes beside a layer's directory what it was given, so that a later layer can have the same (`earlierFiles`). Whoever
 * removes the one removes the other; the note alone may be lost at any time.
 *
 * @throws `unavailable` when the disk is full
 */
export function noteFiles(dir: string, entries: Iterable<LayerEntry>): void {
  const records = new PathRecordsWriter()
  try {
    const fd = openSync(noteBeside(dir), 'w')
    try {
      const write = () => records.drain((chunk) => writeFileSync(fd, chunk))
      let count = 0
      for (const entry of entries) {
        records.add(entry.path, identityOf(entry))
        if (++count % writtenAtOnce === 0) write()
      }
      write()
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
 * The first of the layers that has any file of the entries, the same in content and metadata; only files whose hash
 * is known are looked for. Where all but a small part of the entries are the same, and that layer has nothing else, it is to
 * lie below the new one, if it may. The layers must be finished, have one directory each, and be on one file system with the new one.
 */
export function earlierFiles(
  entries: Iterable<LayerEntry>,
  layers: readonly { readonly dir: string; readonly mayLieBelow: boolean }[],
): EarlierFiles | undefined {
  for (const { dir, mayLieBelow } of layers) {
    const noted = readNote(dir)
    const found = { dir, root: bytesOf(dir) }
    const difference = mayLieBelow ? differenceOf(entries, noted) : undefined
    if (difference) {
      const { paths, bytes } = difference
      return { ...found, over: true, bytes, has: ({ path }) => !paths.has(path) }
    }
    noted.cursor = 0
    const known = (entry: LayerEntry) => isLinkable(entry) && isNoted(noted, entry)
    if (!some(entries, known)) continue
    noted.cursor = 0
    const files = {
      ...found,
      over: false,
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

/** Up to that part of the entries, and of their bytes, a layer is kept as what is different. */
const smallPart = 1 / 4

/**
 * The paths of the entries that are not as noted, with all directories above them, and the bytes of the files that are.
 * Undefined where something that is noted is gone, or too much is different.
 */
function differenceOf(
  entries: Iterable<LayerEntry>,
  noted: PathRecords,
): { readonly paths: ReadonlySet<ByteString>; readonly bytes: number } | undefined {
  const paths = new Set<ByteString>()
  let known = 0
  let same = 0
  let other = 0
  for (const entry of entries) {
    // Two names of one file can't be in two directories.
    if (entry.kind === 'link') return undefined
    const size = entry.kind === 'file' ? entry.size : 0
    const at = noted.find(entry.path)
    if (at !== undefined) known++
    if (at !== undefined && noted.holds(at, identityOf(entry))) same += size
    else {
      other += size
      paths.add(entry.path)
      if (paths.size > smallPart * noted.count) return undefined
    }
  }
  if (known < noted.count || known === 0 || other > smallPart * (same + other)) return undefined
  for (const path of [...paths]) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) paths.add(path.slice(0, slash))
  }
  return { paths, bytes: same }
}

function isNoted(noted: PathRecords, entry: LayerEntry): boolean {
  const at = noted.find(entry.path)
  return at !== undefined && noted.holds(at, identityOf(entry))
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

const isLinkable = (entry: LayerEntry) => entry.kind === 'file' && !entry.xattrs && isShareable(entry.path)

const kinds: readonly LayerEntry['kind'][] = ['file', 'directory', 'symlink', 'link', 'device', 'fifo']
const contentAt = 24
const identitySize = contentAt + hashSize
const identity = Buffer.alloc(identitySize)

/** All that makes an entry what it is, but for its path. Valid until the next call. Of a file without a hash, it is nobody's. */
function identityOf(entry: LayerEntry): Buffer {
  identity.writeUInt32LE(entry.mode, 0)
  identity.writeUInt32LE(entry.uid, 4)
  identity.writeUInt32LE(entry.gid, 8)
  identity.writeUInt32LE(kinds.indexOf(entry.kind), 12)
  identity.writeBigInt64LE(BigInt.asIntN(64, entry.mtime), 16)
  identity.set(contentOf(entry), contentAt)
  return identity
}

const noContent = Buffer.alloc(hashSize)

/** 32 bytes. */
function contentOf(entry: LayerEntry): Buffer {
  const content = ownContentOf(entry)
  if (!entry.xattrs) return content
  const xattrs = [...entry.xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')])
  return hash('sha256', JSON.stringify([content.toString('hex'), xattrs]), 'buffer')
}

function ownContentOf(entry: LayerEntry): Buffer {
  switch (entry.kind) {
    case 'file':
      return entry.source.sha256 ?? randomBytes(hashSize)
    case 'symlink':
    case 'link':
      return hash('sha256', Buffer.from(entry.target, 'latin1'), 'buffer')
    case 'device':
      return hash('sha256', `${entry.type} ${entry.major} ${entry.minor}`, 'buffer')
    default:
      return noContent
  }
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
  return join(dir, '..', 'entries')
}
