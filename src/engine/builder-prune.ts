import { forgetCacheMounts, forgetSteps, trimBuilds } from '../build/mod.ts'
import { cacheFilter } from './cache-filter.ts'
import { cacheLayers, readCacheRecords } from './cache-records.ts'
import { type CacheUsage, cacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'
import { readLayers } from './layers.ts'
import { leastRecent } from './least-recent.ts'
import { diskOf, type SpaceLimits, spaceToKeep } from './space-limits.ts'

export interface BuilderPruneOptions extends SpaceLimits {
  /** Also the layers that images and containers have: they stay, but builds will not find them any more. */
  readonly all?: boolean | undefined
  /** See `cacheFilter`. */
  readonly filters?: readonly string[] | undefined
}

export interface BuilderPruned {
  readonly records: readonly CacheUsage[]
  /** Bytes freed. */
  readonly bytes: number
}

/**
 * Forgets build steps and cache mounts, and removes what only they needed. With limits, those that were used longest ago, until
 * the limits are kept. Records of builds go by their own rule: the latest stay. What builds under way use stays until they
 * end. Throws `invalid`.
 */
export function builderPrune(engine: Engine, options: BuilderPruneOptions = {}): BuilderPruned {
  const records = forget(engine, options)
  return { records, bytes: sweep(engine) }
}

/** Removes what no record, image or container needs any more. Gives the bytes freed. */
export function sweep({ store }: Engine): number {
  trimBuilds(store)
  forgetSteps(store)
  return store.collect().bytes
}

/** Forgets the records; their layers go with the next `sweep`. */
export function forget(engine: Engine, { all = false, filters = [], ...limits }: BuilderPruneOptions): CacheUsage[] {
  const fits = cacheFilter(filters)
  const { store } = engine
  const before = readLayers(store)
  const usage = cacheUsage(store, before)
  const sizes = new Map(usage.items.map(({ id, size }) => [id, size]))
  const keep = spaceToKeep(limits, { used: usage.size, free: diskOf(store.root).free })
  // What is counted takes its time, and others may go on meanwhile: what they use by now stays.
  const records = store.transaction(() => {
    const layers = readLayers(store)
    const now = readCacheRecords(store, layers)
    const candidates = now.filter(
      (record) => sizes.has(record.id) && !record.inUse && (all || !record.shared) && fits(record),
    )
    const chosen =
      keep === undefined
        ? candidates
        : leastRecent(candidates, usage.size - keep, {
            ...cacheLayers(store, layers, now),
            all: now,
            under: layers.under,
            // Sizes as they were counted before.
            space: before.space,
            mountSize: ({ id }) => sizes.get(id)!,
          })
    const remove = store.db.prepare('DELETE FROM cache WHERE snapshot = ?')
    for (const { snapshot } of chosen) if (snapshot !== undefined) remove.run(snapshot)
    forgetCacheMounts(
      store,
      chosen.flatMap(({ mount }) => mount?.id ?? []),
    )
    // Steps without a layer take no space; they go when nothing is to be kept.
    if (all && !filters.length && keep === undefined) {
      store.db.exec(`DELETE FROM cache WHERE snapshot IS NULL
        AND created_at < (SELECT coalesce(min(created_at), 9e15) FROM leases)`)
    }
    return new Set(chosen.map(({ id }) => id))
  })
  return usage.items.filter(({ id }) => records.has(id))
}
