import type { SnapshotId, Store } from '../../store/mod.ts'
import type { OperationVertex } from '../graph.ts'
import { buildkitRecords } from './buildkit-records.ts'
import { type CacheResult, printCacheRecords } from './config.ts'
import type { FinishedSteps } from './finished.ts'
import { type KeptStep, ownRecords, resultOf } from './own-records.ts'

/**
 * The cache of an image for its own configuration, in base64: the steps whose results are its layers, one on the other. They
 * are known by their place in the image, so that it does not matter how they are packed.
 */
export function inlineCache(store: Store, image: SnapshotId | undefined, { steps, known }: FinishedSteps): string {
  const places = new Map(
    store.snapshots
      .ancestry(image)
      .reverse()
      .map(({ chainId }, i) => [chainId, i]),
  )
  const results = new Map<OperationVertex, CacheResult>()
  const kept = steps.flatMap(({ vertex, operation, keys, snapshot }): KeptStep[] => {
    if (snapshot === undefined) return []
    const { chainId, createdAt } = store.snapshots.get(snapshot)
    const layer = chainId && places.get(chainId)
    if (layer === undefined) return []
    results.set(vertex, resultOf(layer, createdAt))
    return [{ operation, keys, layer, createdAt }]
  })
  const own = ownRecords(kept, known)
  const records = [...own, ...buildkitRecords(results, own.length)]
  return Buffer.from(printCacheRecords(records)).toString('base64')
}
