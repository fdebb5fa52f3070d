import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, errno } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import { explain } from './explain.ts'
import type { ByteString, EarlierFiles, LayerEntry } from './types.ts'

/**
 * Notes beside a layer's directory what files it was given, so that a later layer can share them (`earlierFiles`). Whoever
 * removes the one removes the other; the note alone may be lost at any time. `digests` has what the entries do not tell.
 *
 * @throws `unavailable` when the disk is full
 */
export function noteFiles(dir: string, entries: readonly LayerEntry[], digests: ReadonlyMap<ByteString, Digest>): void {
  const records: string[] = []
  for (const entry of entries) {
    const record = recordOf(entry, digests)
    if (record) records.push(record)
  }
  try {
    writeFileSync(noteBeside(dir), records.join('\0'), 'latin1')
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
 * is known are looked for. The layers must be finished, and on one file system with the new one.
 */
export function earlierFiles(entries: readonly LayerEntry[], dirs: readonly string[]): EarlierFiles | undefined {
  for (const dir of dirs) {
    const noted = readNote(dir)
    const known = (entry: LayerEntry) => {
      const record = recordOf(entry)
      return record !== undefined && noted.has(record)
    }
    if (!entries.some(known)) continue
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

/**
 * Programs that look for tampering, cron first of all, refuse configuration that has several names, and the kernel tells
 * containers how many there are.
 */
const unshared = /^(?:etc|var\/spool)\//

/** Whether a file at that place may have other names elsewhere. */
export const isShareable = (path: ByteString) => !unshared.test(path)

/** All that makes a file what it is; undefined for what is not shared. */
function recordOf(entry: LayerEntry, digests?: ReadonlyMap<ByteString, Digest>): string | undefined {
  const { kind, path, mode, uid, gid, mtime, xattrs } = entry
  if (kind !== 'file' || xattrs || !isShareable(path)) return undefined
  const digest = (entry.source.kind === 'path' && entry.source.digest) || digests?.get(path)
  if (!digest) return undefined
  return `${digest} ${mode} ${uid} ${gid} ${mtime} ${path}`
}

function readNote(dir: string): ReadonlySet<string> {
  try {
    return new Set(readFileSync(noteBeside(dir), 'latin1').split('\0'))
  } catch (error) {
    if (errno(error) === 'ENOENT') return new Set()
    throw explain(error, `can't read ${noteBeside(dir)}`)
  }
}

function noteBeside(dir: string): string {
  return join(dir, '..', 'files')
}
