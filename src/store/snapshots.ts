import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { StrakeError } from '../lib/mod.ts'
import { type ChainId, chain, type DiffId } from '../oci/mod.ts'
import { type Database, isForeignKeyError, storing } from './database.ts'
import { snapshotPath } from './layout.ts'
import { holdSnapshot } from './leases.ts'
import { removeTree, toTrash } from './tree.ts'
import type { ActiveSnapshot, LayerInfo, Lease, Sharing, Snapshot, SnapshotId, Snapshotter } from './types.ts'

/**
 * A snapshot's directories are made in the transaction that adds its row, and removed after the row is gone for good. So
 * whoever is the writer sees the truth: a directory without a row is nobody's, and a row without a directory is damage.
 */
export class Snapshots implements Snapshotter {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  prepare(parent: SnapshotId | undefined, lease: Lease): ActiveSnapshot {
    return this.#db.transaction(() => {
      if (parent !== undefined && this.get(parent).state !== 'committed' && !this.#isHeld(parent, lease)) {
        throw new StrakeError('internal', `snapshot ${parent} is still being written`)
      }
      const { lastInsertRowid } = this.#db
        .sql(`INSERT INTO snapshots (parent, state, created_at) VALUES (?, 'active', ?)`)
        .run(parent ?? null, Date.now())
      const id = Number(lastInsertRowid) as SnapshotId
      holdSnapshot(this.#db, lease.id, id)
      const base = snapshotPath(this.#db.root, id)
      const [dir, work] = [join(base, 'fs'), join(base, 'work')]
      storing(this.#db.root, () => {
        // An id that a killed process took, whose transaction nobody saw.
        if (existsSync(base)) toTrash(this.#db.root, base)
        mkdirSync(base, 0o700)
        mkdirSync(dir)
        // It is the root directory of the merged tree; whatever the umask.
        chmodSync(dir, 0o755)
        mkdirSync(work, 0o700)
      })
      return { id, dir, work }
    })
  }

  commit(id: SnapshotId, layer?: LayerInfo, createdAt?: number): void {
    this.#db.transaction(() => {
      const { state, parent } = this.get(id)
      if (state !== 'active') throw new StrakeError('internal', `snapshot ${id} is committed already`)
      if (parent !== undefined && this.get(parent).state !== 'committed') {
        throw new StrakeError('internal', `snapshot ${parent}, below ${id}, is still being written`)
      }
      // First, so that a kill in between leaves an unfinished snapshot and no remains in a finished one.
      const work = toTrash(this.#db.root, join(snapshotPath(this.#db.root, id), 'work'))
      // While the next step runs.
      if (work) setImmediate(() => removeTree(work))
      this.#db
        .sql(`UPDATE snapshots SET state = 'committed', created_at = coalesce(?, created_at) WHERE id = ?`)
        .run(createdAt ?? null, id)
      if (layer) this.describe(id, layer)
    })
  }

  #isHeld(id: SnapshotId, lease: Lease): boolean {
    return (
      this.#db.sql('SELECT 1 FROM lease_snapshots WHERE lease = ? AND snapshot = ?').get(lease.id, id) !== undefined
    )
  }

  share(id: SnapshotId, { with: older, bytes, over = false }: Sharing): void {
    this.#db.transaction(() => {
      if (over) {
        const below = this.get(older)
        if (this.get(id).state !== 'active' || below.state !== 'committed' || below.sharing?.over) {
          throw new StrakeError('internal', `snapshot ${id} can't lie over ${older}`)
        }
      }
      this.#db
        .sql('UPDATE snapshots SET shares_with = ?, shared = ?, lies_over = ? WHERE id = ?')
        .run(older, bytes, over ? older : null, id)
    })
  }

  describe(id: SnapshotId, layer: LayerInfo): void {
    this.#db.transaction(() => {
      const { state, parent, layer: known } = this.get(id)
      if (state !== 'committed') throw new StrakeError('internal', `snapshot ${id} is still being written`)
      if (known) {
        if (known.diffId === layer.diffId) return
        const hint = 'Its files were changed after it was made. See what else is damaged with: strake system check'
        const message = `snapshot ${id} holds the layer ${layer.diffId} where it held ${known.diffId}`
        throw new StrakeError('corrupt', message, { hint })
      }
      const below = parent === undefined ? undefined : this.get(parent).chainId
      if (parent !== undefined && !below) throw new StrakeError('internal', `snapshot ${parent} has no hash yet`)
      this.#db
        .sql('UPDATE snapshots SET diff_id = ?, chain_id = ?, tar_size = ?, size = ? WHERE id = ?')
        .run(layer.diffId, chain(below, layer.diffId), layer.tarSize, layer.size, id)
    })
  }

  get(id: SnapshotId): Snapshot {
    const row = this.#db.sql('SELECT * FROM snapshots WHERE id = ?').get(id)
    if (!row) throw new StrakeError('not_found', `snapshot ${id} is not in the store`)
    return toSnapshot(row)
  }

  byChain(chainId: ChainId, lease: Lease): Snapshot | undefined {
    return this.#db.transaction(() => {
      const row = this.#db.sql('SELECT * FROM snapshots WHERE chain_id = ? ORDER BY id LIMIT 1').get(chainId)
      if (!row) return undefined
      const snapshot = toSnapshot(row)
      holdSnapshot(this.#db, lease.id, snapshot.id)
      return snapshot
    })
  }

  dir(id: SnapshotId): string {
    return join(snapshotPath(this.#db.root, id), 'fs')
  }

  dirs(id: SnapshotId): string[] {
    return this.#dirs(this.get(id))
  }

  #dirs({ id, sharing }: Snapshot): string[] {
    return sharing?.over ? [this.dir(id), this.dir(sharing.with)] : [this.dir(id)]
  }

  stack(id: SnapshotId | undefined): string[] {
    return this.ancestry(id).flatMap((snapshot) => this.#dirs(snapshot))
  }

  ancestry(id: SnapshotId | undefined): Snapshot[] {
    if (id === undefined) return []
    // Parents are older than children: the order of ids is the order of the stack.
    const rows = this.#db
      .sql(
        `WITH RECURSIVE below (id, parent) AS (
           SELECT id, parent FROM snapshots WHERE id = ? UNION ALL
           SELECT s.id, s.parent FROM below JOIN snapshots s ON s.id = below.parent
         ) SELECT * FROM snapshots WHERE id IN (SELECT id FROM below) ORDER BY id DESC`,
      )
      .all(id)
    if (!rows.length) throw new StrakeError('not_found', `snapshot ${id} is not in the store`)
    return rows.map(toSnapshot)
  }

  discard(id: SnapshotId): void {
    const { root } = this.#db
    try {
      this.#removeRow(id)
    } catch (error) {
      if (!(error instanceof StrakeError && error.code === 'unavailable') || this.#db.inTransaction) throw error
      // The disk is full, most likely of this.
      for (const name of readdirSync(this.dir(id))) removeTree(join(this.dir(id), name))
      this.#removeRow(id)
    }
    this.#db.afterCommit(() => {
      const trash = toTrash(root, snapshotPath(root, id))
      if (trash) removeTree(trash)
    })
  }

  #removeRow(id: SnapshotId): void {
    this.#db.transaction(() => {
      if (this.get(id).state !== 'active') throw new StrakeError('internal', `snapshot ${id} is committed`)
      try {
        this.#db.sql('DELETE FROM snapshots WHERE id = ?').run(id)
      } catch (error) {
        if (!isForeignKeyError(error)) throw error
        throw new StrakeError('conflict', `snapshot ${id} is in use`, { cause: error })
      }
    })
  }

  *walk(): Iterable<Snapshot> {
    for (const row of this.#db.sql('SELECT * FROM snapshots ORDER BY id').all()) yield toSnapshot(row)
  }
}

function toSnapshot(row: object): Snapshot {
  const { id, parent, state, diff_id, chain_id, tar_size, size, created_at, shares_with, shared, lies_over } = row as {
    id: SnapshotId
    parent: SnapshotId | null
    state: 'active' | 'committed'
    diff_id: DiffId | null
    chain_id: ChainId | null
    tar_size: number
    size: number
    created_at: number
    shares_with: SnapshotId | null
    shared: number | null
    lies_over: SnapshotId | null
  }
  return {
    id,
    parent: parent ?? undefined,
    state,
    layer: diff_id ? { diffId: diff_id, tarSize: tar_size, size } : undefined,
    chainId: chain_id ?? undefined,
    sharing: shares_with === null ? undefined : { with: shares_with, bytes: shared ?? 0, over: lies_over !== null },
    createdAt: created_at,
  }
}
