import { listCacheMounts } from '../build/mod.ts'
import type { SnapshotId, Store } from '../store/mod.ts'
import type { Layers } from './layers.ts'

/** What a build step left in the cache: a layer, under one key or several (`regular`), or a cache mount. */
export interface CacheRecord {
  readonly id: string
  readonly type: 'regular' | 'exec.cachemount'
  /** Ids of the records that it stands on. */
  readonly parents: readonly string[]
  /** What made it: `RUN make`. */
  readonly description: string
  readonly createdAt: number
  /** When a build used it last, or something that was made with it. */
  readonly usedAt: number
  readonly uses: number
  /** It is a layer of an image or a container, too. */
  readonly shared: boolean
  /** A process that runs now holds it. */
  readonly inUse: boolean
  /** Of a `regular` one. */
  readonly snapshot?: SnapshotId
  /** Of an `exec.cachemount`. */
  readonly mount?: { readonly id: number; readonly path: string; readonly size: number | undefined }
}

/** The layers that are there for the sake of the build cache, those that images and containers have, and those that processes hold. */
export function cacheLayers({ db }: Store, layers: Layers, records: readonly CacheRecord[]) {
  const below = (text: string) =>
    layers.below(
      db
        .prepare(text)
        .all()
        .map((row) => row.snapshot as SnapshotId | null),
    )
  const others = below('SELECT snapshot FROM images UNION SELECT snapshot FROM containers')
  const held = below('SELECT snapshot FROM lease_snapshots')
  const own = [...layers.below(records.map(({ snapshot }) => snapshot))].filter((id) => !others.has(id))
  return { own, others, held }
}

/** All records, those that were used last at the end, and what is made of others before these. */
export function readCacheRecords(store: Store, layers: Layers): CacheRecord[] {
  const { db } = store
  store.dropVoidLeases()
  const ids = (text: string) =>
    db
      .prepare(text)
      .all()
      .map((row) => Object.values(row)[0] as SnapshotId | null)
  const shared = layers.below(ids('SELECT snapshot FROM images UNION SELECT snapshot FROM containers'))
  const held = layers.below(ids('SELECT snapshot FROM lease_snapshots'))
  const rows = db
    .prepare(
      `SELECT snapshot, max(description) AS description, min(created_at) AS createdAt, max(used_at) AS usedAt,
         max(uses) AS uses
       FROM cache WHERE snapshot IS NOT NULL GROUP BY snapshot`,
    )
    .all() as unknown as (Pick<CacheRecord, 'description' | 'createdAt' | 'usedAt' | 'uses'> & {
    snapshot: SnapshotId
  })[]
  const known = new Map(rows.map((row) => [row.snapshot, row.usedAt]))
  const usedAt = lastUses(store, layers, known)
  const steps = rows.map(({ snapshot, ...row }): CacheRecord => {
    const parent = layers.stack(snapshot).find((id) => id !== snapshot && known.has(id))
    return {
      ...row,
      id: String(snapshot),
      type: 'regular',
      parents: parent === undefined ? [] : [String(parent)],
      usedAt: usedAt.get(snapshot) ?? row.usedAt,
      shared: shared.has(snapshot),
      inUse: held.has(snapshot),
      snapshot,
    }
  })
  const mounts = listCacheMounts(store).map(
    ({ id, name, path, size, ...mount }): CacheRecord => ({
      ...mount,
      id: `m${id}`,
      type: 'exec.cachemount',
      parents: [],
      description: `cache mount ${name} of ${mount.description}`,
      shared: false,
      mount: { id, path, size },
    }),
  )
  // A layer is older than what stands on it.
  return [...steps, ...mounts].sort((a, b) => a.usedAt - b.usedAt || (b.snapshot ?? 0) - (a.snapshot ?? 0))
}

/**
 * A build that finds the result of a step looks at nothing below it. So a use of a layer counts for the layers that it
 * stands on, and for those of the steps that its own step read from.
 */
function lastUses({ db }: Store, layers: Layers, known: ReadonlyMap<SnapshotId, number>): Map<SnapshotId, number> {
  const readBy = new Map<SnapshotId, SnapshotId[]>()
  const pairs = db
    .prepare(
      `SELECT result.snapshot AS result, input.snapshot AS input
       FROM steps JOIN cache AS result ON result.key = steps.key, json_each(inputs) AS each
         JOIN cache AS input ON input.key = each.value
       WHERE each.key > 0 AND result.snapshot IS NOT NULL AND input.snapshot IS NOT NULL`,
    )
    .all() as { result: SnapshotId; input: SnapshotId }[]
  for (const { result, input } of pairs) {
    const inputs = readBy.get(result)
    if (inputs) inputs.push(input)
    else readBy.set(result, [input])
  }
  const times = new Map<SnapshotId, number>()
  for (const [id, time] of [...known].sort(([, a], [, b]) => b - a)) {
    // The latest use comes first: what it reaches needs no other.
    const open = [id]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (times.has(next)) continue
      times.set(next, time)
      open.push(...layers.under(next), ...(readBy.get(next) ?? []))
    }
  }
  return times
}
