import { pruneVolumes } from '../containers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { builderPrune } from './builder-prune.ts'
import { containerPrune } from './container-prune.ts'
import type { CacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'
import { imagePrune } from './image-prune.ts'

export interface SystemPruneOptions {
  /** Also images with names that no container uses, and the whole build cache. */
  readonly all?: boolean | undefined
  /** Also anonymous volumes that no container uses. */
  readonly volumes?: boolean | undefined
  /** `until=24h`, `label=key=value`, `label!=…`. All must hold. */
  readonly filters?: readonly string[] | undefined
}

export interface SystemPruned {
  readonly containers: readonly string[]
  readonly volumes: readonly string[]
  /** Names that were taken away, and ids of images and layers that went. */
  readonly untagged: readonly string[]
  readonly deleted: readonly string[]
  readonly buildCache: readonly CacheUsage[]
  /** Bytes freed. */
  readonly bytes: number
}

/** Removes stopped containers, unused images and unused build cache; in this order, as one may stand on the other. */
export async function systemPrune(engine: Engine, options: SystemPruneOptions = {}): Promise<SystemPruned> {
  const { all = false, volumes = false, filters = [] } = options
  if (volumes && filters.some((filter) => filter.startsWith('until='))) {
    throw new StrakeError('invalid', 'the "until" filter is not supported with "--volumes"')
  }
  const containers = await containerPrune(engine, { filters })
  const removed = volumes ? pruneVolumes(engine) : { names: [], bytes: 0 }
  const images = imagePrune(engine, { all, filters })
  const cache = builderPrune(engine, { all, filters })
  return {
    containers: containers.ids,
    volumes: removed.names,
    untagged: images.untagged,
    deleted: images.deleted,
    buildCache: cache.records,
    bytes: containers.bytes + removed.bytes + images.bytes + cache.bytes,
  }
}
