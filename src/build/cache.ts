import { type Digest, digestOf } from '../oci/mod.ts'
import type { Lease, Snapshot, SnapshotId, Store } from '../store/mod.ts'

/** The build cache: keys of steps that were done, and the snapshot each one gave. */
export interface BuildCache {
  /** The result of a key, now held by the lease. */
  find(key: string, lease: Lease): Snapshot | undefined
  /** Whether any record has this operation: if not, no key that names it can be found. */
  knows(operation: Digest): boolean
  /** The layers that this operation made, the newest first, a few at most, now held by the lease. */
  layersOf(operation: Digest, lease: Lease): SnapshotId[]
  /**
   * Keys under which the operation's result is known: the definition key that is given, and those by content. Definition
   * keys of other graphs are left out, so that it does not depend on what else was built here.
   */
  keysOf(result: { readonly operation: Digest; readonly snapshot: SnapshotId; readonly key: string }): string[]
  /** Whether a step without a layer was done under this key. */
  seen(key: string): boolean
  record(keys: readonly string[], entry: { operation: Digest; snapshot: SnapshotId; description: string }): void
  markSeen(keys: readonly string[]): void
  /** Notes a key whose result is not here and was not needed, so that `knows` tells of its operation. */
  note(key: string, operation: Digest): void
}

export function openBuildCache(store: Store): BuildCache {
  const { db } = store
  const find = db.prepare('SELECT snapshot FROM cache WHERE key = ? AND snapshot IS NOT NULL')
  const knows = db.prepare('SELECT 1 FROM cache WHERE operation = ? LIMIT 1')
  const made = db.prepare(
    `SELECT snapshot FROM cache WHERE operation = ? AND snapshot IS NOT NULL
     GROUP BY snapshot ORDER BY max(created_at) DESC, snapshot DESC LIMIT 8`,
  )
  const keys = db.prepare(
    `SELECT key FROM cache WHERE operation = ?1 AND snapshot = ?2
     AND (key = ?3 OR NOT EXISTS (SELECT 1 FROM steps WHERE steps.key = cache.key)) ORDER BY key`,
  )
  const seen = db.prepare('SELECT 1 FROM cache WHERE key = ?')
  const touch = db.prepare('UPDATE cache SET used_at = ?, uses = uses + 1 WHERE key = ?')
  const insert = db.prepare(
    `INSERT INTO cache (key, operation, snapshot, description, created_at, used_at, uses) VALUES (?, ?, ?, ?, ?, ?, 0)
     ON CONFLICT (key) DO UPDATE SET operation = excluded.operation, snapshot = excluded.snapshot,
       description = excluded.description, created_at = excluded.created_at, used_at = excluded.used_at`,
  )
  const note = db.prepare(
    `INSERT OR IGNORE INTO cache (key, operation, snapshot, description, created_at, used_at, uses)
     VALUES (?, ?, NULL, '', ?, ?, 0)`,
  )
  return {
    find(key, lease) {
      const row = find.get(key)
      if (!row) return undefined
      const id = row.snapshot as SnapshotId
      return store.transaction(() => {
        // Looked up again: a collection may have come between.
        if (find.get(key)?.snapshot !== id) return undefined
        lease.add({ snapshot: id })
        touch.run(Date.now(), key)
        return store.snapshots.get(id)
      })
    },
    knows: (operation) => knows.get(operation) !== undefined,
    layersOf: (operation, lease) =>
      store.transaction(() =>
        made.all(operation).map((row) => {
          const snapshot = row.snapshot as SnapshotId
          lease.add({ snapshot })
          return snapshot
        }),
      ),
    keysOf: ({ operation, snapshot, key }) => keys.all(operation, snapshot, key).map((row) => row.key as string),
    seen: (key) => seen.get(key) !== undefined,
    record(keys, { operation, snapshot, description }) {
      const now = Date.now()
      store.transaction(() => {
        for (const key of keys) insert.run(key, operation, snapshot, description, now, now)
      })
    },
    note(key, operation) {
      const now = Date.now()
      store.transaction(() => note.run(key, operation, now, now))
    },
    markSeen(keys) {
      const now = Date.now()
      store.transaction(() => {
        for (const key of keys) insert.run(key, '', null, '', now, now)
      })
    },
  }
}

/** The key of a step that changes the configuration only, on the root file system that `below` names. */
export function configKey(below: string, text: string | undefined): Digest {
  return keyOf('config', below, text)
}

/** A key from parts that can't run into each other. */
export function keyOf(...parts: readonly (string | undefined)[]): Digest {
  return digestOf(JSON.stringify(parts.map((part) => part ?? null)))
}
