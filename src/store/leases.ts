import { StrakeError } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import { type Database, isForeignKeyError } from './database.ts'
import { isGone, ownIdentity } from './owner.ts'
import type { Lease, SnapshotId } from './types.ts'

/** A row of `leases`. It is void when its owner has ended, whether or not anybody has deleted it yet. */
export function openLease(db: Database, purpose: string): Lease {
  const { lastInsertRowid } = db.transaction(() =>
    db.sql('INSERT INTO leases (owner, purpose, created_at) VALUES (?, ?, ?)').run(ownIdentity(), purpose, Date.now()),
  )
  const id = Number(lastInsertRowid)
  return {
    id,
    add(resource) {
      if ('blob' in resource) holdBlob(db, id, resource.blob)
      else holdSnapshot(db, id, resource.snapshot)
    },
    [Symbol.dispose]: () => {
      // Without the store, and on a full disk, it is void when the process ends.
      if (db.handle.isOpen) ifAvailable(() => db.transaction(() => db.sql('DELETE FROM leases WHERE id = ?').run(id)))
    },
  }
}

/** What is given up must not hide why. */
function ifAvailable(body: () => void): void {
  try {
    body()
  } catch (error) {
    if (!(error instanceof StrakeError && error.code === 'unavailable')) throw error
  }
}

export function holdBlob(db: Database, lease: number, digest: Digest): void {
  hold(db, lease, () => db.sql('INSERT OR IGNORE INTO lease_blobs VALUES (?, ?)').run(lease, digest), `blob ${digest}`)
}

export function holdSnapshot(db: Database, lease: number, id: SnapshotId): void {
  hold(db, lease, () => db.sql('INSERT OR IGNORE INTO lease_snapshots VALUES (?, ?)').run(lease, id), `snapshot ${id}`)
}

function hold(db: Database, lease: number, insert: () => void, what: string): void {
  db.transaction(() => {
    try {
      insert()
    } catch (error) {
      if (!isForeignKeyError(error)) throw error
      if (!db.sql('SELECT 1 FROM leases WHERE id = ?').get(lease)) {
        throw new StrakeError('internal', `lease ${lease} has ended`)
      }
      throw new StrakeError('not_found', `${what} is not in the store`)
    }
  })
}

/** See `Store.claim`. */
export function claim(db: Database, name: string, lease: number): Disposable | undefined {
  const taken = db.transaction(() => {
    const row = db
      .sql('SELECT leases.id, owner, created_at FROM claims JOIN leases ON leases.id = lease WHERE name = ?')
      .get(name) as { id: number; owner: string; created_at: number } | undefined
    if (row && !isGone(row.owner, row.created_at)) return false
    if (row) db.sql('DELETE FROM leases WHERE id = ?').run(row.id)
    db.sql('INSERT INTO claims VALUES (?, ?)').run(name, lease)
    return true
  })
  if (!taken) return undefined
  return {
    [Symbol.dispose]: () => {
      if (db.handle.isOpen) {
        ifAvailable(() =>
          db.transaction(() => db.sql('DELETE FROM claims WHERE name = ? AND lease = ?').run(name, lease)),
        )
      }
    },
  }
}

/** Deletes the leases of processes that have ended. */
export function dropVoidLeases(db: Database): void {
  for (const row of db.sql('SELECT owner, max(created_at) AS since FROM leases GROUP BY owner').all()) {
    const { owner, since } = row as { owner: string; since: number }
    if (isGone(owner, since)) db.sql('DELETE FROM leases WHERE owner = ?').run(owner)
  }
}
