import type { SnapshotId } from '../store/mod.ts'
import { cacheFilter } from './cache-filter.ts'
import { cacheLayers } from './cache-records.ts'
import { type CacheUsage, cacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'
import { readLayers } from './layers.ts'

/** Records of the build cache, the smallest first, and what they take together. Bytes. */
export interface CacheSums {
  readonly items: readonly CacheUsage[]
  /** Of layers that images or containers have too, and of all else. */
  readonly shared: number
  readonly private: number
  /** What would be free without those that are neither shared nor in use. */
  readonly reclaimable: number
}

/** The records of the build cache that the filters mean (see `cacheFilter`). Throws `invalid`. */
export function builderDu({ store }: Engine, options: { readonly filters?: readonly string[] } = {}): CacheSums {
  const fits = cacheFilter(options.filters ?? [])
  const layers = readLayers(store)
  const { items: all } = cacheUsage(store, layers)
  const { others } = cacheLayers(store, layers, all)
  const items = all.filter(fits).sort((a, b) => a.size - b.size)
  const spaceOf = (some: readonly CacheUsage[], beside?: ReadonlySet<SnapshotId>) =>
    layers.space(
      some.flatMap(({ snapshot }) => snapshot ?? []),
      beside,
    ) + some.reduce((sum, { mount, size }) => sum + (mount ? size : 0), 0)
  const own = items.filter(({ shared }) => !shared)
  return {
    items,
    shared: spaceOf(items.filter(({ shared }) => shared)),
    private: spaceOf(own, others),
    reclaimable: spaceOf(
      own.filter(({ inUse }) => !inUse),
      others,
    ),
  }
}
