import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StrakeError } from '../lib/mod.ts'
import type { Database } from './database.ts'
import { dropVoidLeases } from './leases.ts'
import { inheritShares, measureShares } from './shares.ts'
import { onlySize, removeTree, toTrash } from './tree.ts'
import type { Collected } from './types.ts'

/** The snapshots that something lasting or a lease refers to, and all below them. */
const reachable = `
  WITH RECURSIVE reachable (id) AS (
    SELECT snapshot FROM images UNION
    SELECT snapshot FROM containers UNION
    SELECT snapshot FROM cache UNION
    SELECT snapshot FROM lease_snapshots UNION
    SELECT parent FROM reachable JOIN snapshots USING (id) UNION
    SELECT lies_over FROM reachable JOIN snapshots USING (id)
  )`

/**
 * Two transactions: the first deletes rows, the second moves away all files that have none. Files must go after their rows,
 * for the case of a kill; and while nobody else writes, since another process may bring the same blob again.
 * The slow removal comes last, when the lock is free.
 */
export function collect(db: Database): Collected {
  if (db.inTransaction) throw new StrakeError('internal', 'collection can not be a part of a transaction')
  const { blobs, snapshots } = db.transaction(() => deleteRows(db))
  const known = new Map(snapshots.map(({ id, size }) => [`snapshots/${id}`, size]))
  const moved = db.transaction(() => moveOrphans(db))
  let bytes = 0
  const unknown: string[] = []
  for (const { name, trash } of moved) {
    const size = known.get(name)
    if (size === undefined || size === null) unknown.push(trash)
    else bytes += size
  }
  bytes += onlySize(unknown)
  for (const name of readdirSync(join(db.root, 'trash'))) removeTree(join(db.root, 'trash', name))
  measureShares(db)
  return { blobs, snapshots: snapshots.length, bytes }
}

function deleteRows(db: Database): {
  readonly blobs: number
  /** The bytes that go with each; null where that has to be counted. */
  readonly snapshots: readonly { readonly id: number; readonly size: number | null }[]
} {
  dropVoidLeases(db)
  db.sql(
    'DELETE FROM indexes WHERE digest NOT IN (SELECT index_digest FROM image_names WHERE index_digest IS NOT NULL)',
  ).run()
  const sharers = db.sql('SELECT DISTINCT shares_with AS id FROM snapshots WHERE shares_with IS NOT NULL').all()
  const shared = new Set(sharers.map((row) => row.id))
  const gone = db
    .sql(`${reachable} DELETE FROM snapshots WHERE id NOT IN (SELECT id FROM reachable WHERE id IS NOT NULL)
          RETURNING id, size, shares_with`)
    .all() as { id: number; size: number | null; shares_with: number | null }[]
  if (gone.some(({ id }) => shared.has(id))) inheritShares(db, gone)
  const snapshots = gone.map(({ id, size, shares_with }) => ({
    id,
    size: shares_with === null && !shared.has(id) ? size : null,
  }))
  const { changes } = db
    .sql(
      `DELETE FROM blobs WHERE digest NOT IN (SELECT digest FROM image_blobs)
       AND digest NOT IN (SELECT digest FROM index_blobs)
       AND digest NOT IN (SELECT digest FROM lease_blobs)`,
    )
    .run()
  return { blobs: Number(changes), snapshots }
}

const day = 24 * 60 * 60 * 1000

/** How long what may be lost is kept, in milliseconds: a download that broke off, to be gone on with; what builds read again. */
const lives = { part: day, known: 30 * day }

interface Moved {
  /** Where it was, below the root. */
  readonly name: string
  readonly trash: string
}

function moveOrphans(db: Database): Moved[] {
  const column = (text: string) =>
    new Set(
      db
        .sql(text)
        .all()
        .map((row) => String(Object.values(row)[0])),
    )
  const snapshots = column('SELECT id FROM snapshots')
  const blobs = column(`SELECT substr(digest, 8) FROM blobs`)
  const leases = column('SELECT id FROM leases')
  const cacheMounts = column('SELECT id FROM cache_mounts')
  const builds = column('SELECT id FROM builds')
  return [
    ...moveAll(db, 'snapshots', (name) => !snapshots.has(name)),
    ...moveAll(db, 'cache-mounts', (name) => !cacheMounts.has(name)),
    ...moveAll(db, 'blobs/sha256', (name) => !blobs.has(name)),
    ...moveAll(db, 'cache/downloads', (name) => isOld(join(db.root, 'cache/downloads', name), lives.part)),
    ...moveAll(db, 'cache/stat', (name) => isOld(join(db.root, 'cache/stat', name), lives.known)),
    // A download is used by giving its body another name.
    ...moveAll(db, 'cache/http', (name) => {
      const body = join(db.root, 'cache/http', name.replace(/\.json$/, '.body'))
      return isOld(existsSync(body) ? body : join(db.root, 'cache/http', name), lives.known)
    }),
    ...moveAll(db, 'builds', (name) => !builds.has(name)),
    ...moveAll(db, 'ingest', (name) => !leases.has(name.slice(0, name.indexOf('-')))),
  ]
}

function moveAll(db: Database, directory: string, isOrphan: (name: string) => boolean): Moved[] {
  const moved: Moved[] = []
  const path = join(db.root, directory)
  for (const name of existsSync(path) ? readdirSync(path) : []) {
    const trash = isOrphan(name) && toTrash(db.root, join(path, name))
    if (trash) moved.push({ name: `${directory}/${name}`, trash })
  }
  return moved
}

/** By the time at which anything about the file changed last: the time of its content may be that of a server. */
function isOld(path: string, life: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && Date.now() - found.ctimeMs > life
}
