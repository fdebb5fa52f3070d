import { shareLayer } from '../../layers/mod.ts'
import { keyOf } from '../cache.ts'
import type { Operation } from '../graph.ts'
import { mergeStep } from '../transfer/buildkit-keys.ts'
import { mergeDefinition } from './definition.ts'

/** The layer of the second input, which stands on nothing, on top of the first: `--link`. */
export function mergeOperation(): Operation {
  return {
    digest: keyOf('merge'),
    buildkit: mergeStep(),
    facts: {},
    definition: mergeDefinition(),
    async execute({ store }, layer, [, upper]) {
      const { snapshots } = store
      await upper!.chainId()
      const bytes = shareLayer(snapshots.dirs(upper!.snapshot!), layer.dir)
      if (bytes) snapshots.share(layer.id, { with: upper!.snapshot!, bytes })
      const { layer: info } = snapshots.get(upper!.snapshot!)
      return { createdAt: upper!.createdAt, ...(info && { layer: info }) }
    },
  }
}
