import { listContainers, listVolumes, pruneVolumes, removeContainer } from '../containers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { treeSize } from '../store/mod.ts'
import { builderPrune } from './builder-prune.ts'
import type { CacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'
import { matchesLabels, parseFilters, parseMoment } from './filters.ts'
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
  const until = filters.filter((filter) => filter.startsWith('until='))
  if (volumes && until.length) {
    throw new StrakeError('invalid', 'the "until" filter is not supported with "--volumes"')
  }
  const containers = await pruneContainers(engine, filters)
  const sizes = new Map(volumes ? listVolumes(engine).map(({ name, path }) => [name, treeSize(path)]) : [])
  const removed = volumes ? pruneVolumes(engine) : []
  const ofVolumes = removed.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)
  const images = imagePrune(engine, { all, filters })
  // Build steps have no labels.
  const labelled = filters.some((filter) => filter.startsWith('label='))
  const cache = labelled ? { records: [], bytes: 0 } : builderPrune(engine, { all, filters: until })
  return {
    containers: containers.ids,
    volumes: removed,
    untagged: images.untagged,
    deleted: images.deleted,
    buildCache: cache.records,
    bytes: containers.bytes + ofVolumes + images.bytes + cache.bytes,
  }
}

/** Removes the containers that do not run. */
async function pruneContainers(engine: Engine, texts: readonly string[]) {
  const filters = parseFilters(texts, ['until', 'label', 'label!'])
  const until = Math.min(...(filters.get('until') ?? []).map((text) => parseMoment(text)))
  const without = filters.get('label!') ?? []
  const ids: string[] = []
  let bytes = 0
  for (const { id, snapshot, createdAt, settings, state } of await listContainers(engine)) {
    const { labels } = settings
    if (state.kind === 'running' || createdAt >= until || !matchesLabels(labels, filters.get('label'))) continue
    if (without.some((label) => matchesLabels(labels, [label]))) continue
    const size = snapshot === undefined ? 0 : treeSize(engine.store.snapshots.dir(snapshot))
    try {
      await removeContainer(engine, id)
    } catch (error) {
      // Another process has started or removed it meanwhile.
      if (error instanceof StrakeError && (error.code === 'conflict' || error.code === 'not_found')) continue
      throw error
    }
    ids.push(id)
    bytes += size
  }
  return { ids, bytes }
}
