import type { ChainId, DiffId, Digest } from '../../oci/mod.ts'
import type { Snapshot, SnapshotId, Store } from '../../store/mod.ts'
import type { OperationVertex } from '../graph.ts'
import type { FinishedStep, FinishedSteps } from './finished.ts'
import { operationOf } from './own-records.ts'
import type { RemoteCache, RemoteLayer } from './read.ts'

/** A layer of an export with those below it. */
export interface StackLayer {
  readonly chainId: ChainId
  readonly diffId: DiffId
  readonly parent: StackLayer | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined
  /** Where it is in the store; otherwise some cache has it. */
  readonly local: Snapshot | undefined
}

export interface GatheredStep {
  /** None for what another build did. */
  readonly vertex?: OperationVertex
  readonly operation: Digest
  readonly keys: readonly string[]
  readonly top: StackLayer
}

export interface Gathered {
  readonly steps: readonly GatheredStep[]
  readonly known: readonly string[]
}

export interface GatherOptions {
  /** Where results are looked for that are not here. */
  readonly caches: readonly RemoteCache[]
  readonly mode: 'min' | 'max'
  /** Of these, everything is taken. */
  readonly kept: readonly RemoteCache[]
}

/** The stacks of layers that the steps of a build gave, here or elsewhere. */
export function gatherLayers(store: Store, finished: FinishedSteps, { caches, mode, kept }: GatherOptions): Gathered {
  const layers = new Map<ChainId, StackLayer>()

  function here(snapshot: SnapshotId): StackLayer | undefined {
    let below: StackLayer | undefined
    for (const local of store.snapshots.ancestry(snapshot).reverse()) {
      const { chainId, layer, createdAt } = local
      // Of a build that was cut short, before the layer was hashed.
      if (!chainId || !layer) return undefined
      const known = layers.get(chainId)
      below = known?.local ? known : { chainId, diffId: layer.diffId, parent: below, createdAt, local }
      layers.set(chainId, below)
    }
    return below
  }

  function there({ chainId, diffId, parent, createdAt }: RemoteLayer): StackLayer {
    const known = layers.get(chainId)
    if (known) return known
    const layer = { chainId, diffId, parent: parent && there(parent), createdAt, local: undefined }
    layers.set(chainId, layer)
    return layer
  }

  function find({ vertex, operation, keys, snapshot }: FinishedStep): GatheredStep[] {
    const top = snapshot === undefined ? undefined : here(snapshot)
    if (top) return [{ vertex, operation, keys, top }]
    for (const cache of caches) {
      for (const key of keys) {
        const [remote] = cache.results(key)
        const same = [...new Set([key, ...cache.sameAs(key)])]
        if (remote) return [{ vertex, operation, keys: same, top: there(remote) }]
      }
      const [place] = cache.hasBuildKit ? cache.buildkit(vertex) : []
      const [remote] = place === undefined ? [] : cache.resultsAt(place)
      if (remote) return [{ vertex, operation, keys, top: there(remote) }]
    }
    return []
  }

  const found = finished.steps.map((step) => ({ own: step.own, gathered: find(step) }))
  const ownLayers = new Set<DiffId>()
  for (const { own, gathered } of found) {
    for (const { top } of own ? gathered : []) for (const { diffId } of stackOf(top)) ownLayers.add(diffId)
  }
  const isOwn = ({ top }: GatheredStep) => stackOf(top).every(({ diffId }) => ownLayers.has(diffId))
  const steps: GatheredStep[] = found
    .flatMap(({ gathered }) => gathered)
    .filter((step) => mode === 'max' || isOwn(step))
  const known = [...finished.known]
  for (const { records, results } of kept) {
    for (const record of records) {
      const operation = operationOf(records, record)
      const [remote] = operation ? results(record.digest) : []
      if (operation && remote) steps.push({ operation, keys: [record.digest], top: there(remote) })
      else if (record.inputs.length === 0) known.push(record.digest)
    }
  }
  return { steps, known }
}

/** The layer and all that are below it, the topmost first. */
function stackOf(top: StackLayer): StackLayer[] {
  const stack: StackLayer[] = []
  for (let layer: StackLayer | undefined = top; layer; layer = layer.parent) stack.push(layer)
  return stack
}
