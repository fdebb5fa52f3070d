import { forgetCacheMounts, forgetSteps, trimBuilds } from '../build/mod.ts'
import { buildCacheUsage, type CacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'
import { parseFilters, parseMoment } from './filters.ts'

export interface BuilderPruneOptions {
  /** Also the layers that images and containers have: they stay, but builds will not find them any more. */
  readonly all?: boolean | undefined
  /**
   * `until=24h` and `unused-for=24h`, which mean the same: not used since; `id=12`; `type=regular` or `exec.cachemount`. All must
   * hold.
   */
  readonly filters?: readonly string[] | undefined
}

export interface BuilderPruned {
  readonly records: readonly CacheUsage[]
  /** Bytes freed. */
  readonly bytes: number
}

/**
 * Forgets build steps and cache mounts, and removes what only they needed. Records of builds go by their own rule: the
 * latest stay. What builds under way use stays until they end.
 */
export function builderPrune(engine: Engine, { all = false, filters = [] }: BuilderPruneOptions = {}): BuilderPruned {
  const fits = recordFilter(filters)
  const { store } = engine
  const records = store.transaction(() => {
    const found = buildCacheUsage(engine).items.filter(
      (record) => (all || !record.shared) && !record.inUse && fits(record),
    )
    const remove = store.db.prepare('DELETE FROM cache WHERE snapshot = ?')
    for (const { id, type } of found) if (type === 'regular') remove.run(Number(id))
    forgetCacheMounts(
      store,
      found.flatMap(({ id, type }) => (type === 'exec.cachemount' ? [Number(id.slice(1))] : [])),
    )
    // Steps without a layer take no space; they go when nothing is to be kept.
    if (all && !filters.length) store.db.exec('DELETE FROM cache WHERE snapshot IS NULL')
    return found
  })
  trimBuilds(store)
  forgetSteps(store)
  return { records, bytes: store.collect().bytes }
}

function recordFilter(texts: readonly string[]): (record: CacheUsage) => boolean {
  const filters = parseFilters(texts, ['until', 'unused-for', 'id', 'type'])
  const moments = [...(filters.get('until') ?? []), ...(filters.get('unused-for') ?? [])]
  const before = Math.min(...moments.map((text) => parseMoment(text)))
  const ids = filters.get('id')
  const types = filters.get('type')
  return ({ id, type, usedAt }) => usedAt < before && (ids?.includes(id) ?? true) && (types?.includes(type) ?? true)
}
