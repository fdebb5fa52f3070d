import type { SnapshotId } from '../store/mod.ts'
import type { CacheRecord } from './cache-records.ts'
import type { LayerSet, Layers } from './layers.ts'

export interface Standing extends Pick<Layers, 'under' | 'space'> {
  readonly all: readonly CacheRecord[]
  /** Layers that are there for the cache alone, those that images and containers have, and those that processes hold. */
  readonly own: readonly SnapshotId[]
  readonly others: LayerSet
  readonly held: ReadonlySet<SnapshotId>
  mountSize(record: CacheRecord): number
}

/**
 * The first of the candidates that free `excess` bytes when they are given up. What frees nothing is passed over: a layer
 * that an image has, and one that stays because a record that is no candidate stands on it.
 *
 * @param candidates what was used longest ago comes first, and what stands on another before that
 */
export function leastRecent(candidates: readonly CacheRecord[], excess: number, standing: Standing): CacheRecord[] {
  const { all, own, others, held, under, space, mountSize } = standing
  const alive = new Set(own)
  const besides: LayerSet = { has: (id) => alive.has(id) || others.has(id) }
  // How many records, processes and layers above need each layer.
  const needs = new Map<SnapshotId, number>()
  const need = (id: SnapshotId | undefined) => id !== undefined && needs.set(id, (needs.get(id) ?? 0) + 1)
  for (const { snapshot } of all) need(snapshot)
  for (const id of own) for (const each of under(id)) need(each)
  for (const id of held) need(id)
  const chosen: CacheRecord[] = []
  let left = excess
  for (const record of candidates) {
    if (left <= 0) break
    const { snapshot, mount } = record
    if (snapshot !== undefined && (!alive.has(snapshot) || needs.get(snapshot)! > 1)) continue
    chosen.push(record)
    if (mount) left -= mountSize(record)
    const open = snapshot === undefined ? [] : [snapshot]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (!alive.has(id)) continue
      const count = needs.get(id)! - 1
      needs.set(id, count)
      if (count > 0) continue
      alive.delete(id)
      left -= space([id], besides)
      open.push(...under(id))
    }
  }
  return chosen
}
