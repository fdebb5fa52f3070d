import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StrakeError } from '../../lib/mod.ts'
import { rpmPackage } from './rpm.ts'
import type { Package } from './types.ts'

/**
 * The packages of `rpmdb.sqlite`. Read from a copy: SQLite wants to write beside a database, and its log holds what is
 * not in the database yet. Throws `corrupt`.
 *
 * @param log `rpmdb.sqlite-wal`, where there is one
 */
export function sqlitePackages(
  bytes: Uint8Array,
  { log, scratch }: { readonly log: Uint8Array | undefined; readonly scratch: string },
): Package[] {
  const folder = mkdtempSync(join(scratch, 'rpmdb-'))
  try {
    const file = join(folder, 'rpmdb.sqlite')
    writeFileSync(file, bytes)
    if (log) writeFileSync(`${file}-wal`, log)
    using database = new DatabaseSync(file, { enableForeignKeyConstraints: false })
    // A view would be a program of whoever made the image.
    const table = database.prepare("SELECT type FROM sqlite_schema WHERE name = 'Packages'").get()
    if (table?.type !== 'table') throw new StrakeError('corrupt', 'it has no table of packages')
    const packages: Package[] = []
    for (const { blob } of database.prepare('SELECT blob FROM Packages ORDER BY hnum').iterate()) {
      const found = blob instanceof Uint8Array ? rpmPackage(blob) : undefined
      if (found) packages.push(found)
    }
    return packages
  } catch (error) {
    if (error instanceof StrakeError) throw error
    throw new StrakeError('corrupt', (error as Error).message, { cause: error })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const pageSize = 4096
const slotSize = 16
const blockSize = 16
const headerSize = 32

/**
 * The packages of `Packages.db`, rpm's own format (`ndb`, lib/backend/ndb/rpmpkg.c): a header, pages of slots that tell
 * where each package is in blocks of 16 bytes, and there its length and its header. Throws `corrupt`.
 */
export function ndbPackages(bytes: Uint8Array): Package[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fail = (why: string) => new StrakeError('corrupt', why)
  const magic = (at: number) => (at + slotSize <= file.length ? file.toString('latin1', at, at + 4) : '')
  if (magic(0) !== 'RpmP' || file.length < headerSize) throw fail('it does not begin as one')
  const end = file.readUInt32LE(12) * pageSize
  if (end > file.length) throw fail('it is cut off')
  const packages: Package[] = []
  for (let at = headerSize; at < end; at += slotSize) {
    if (magic(at) !== 'Slot') throw fail('it has a broken slot')
    if (file.readUInt32LE(at + 4) === 0) continue
    const blob = file.readUInt32LE(at + 8) * blockSize
    if (magic(blob) !== 'BlbS') throw fail('a package in it is not where it should be')
    const length = file.readUInt32LE(blob + 12)
    if (blob + 16 + length > file.length) throw fail('it is cut off')
    const found = rpmPackage(file.subarray(blob + 16, blob + 16 + length))
    if (found) packages.push(found)
  }
  return packages
}
