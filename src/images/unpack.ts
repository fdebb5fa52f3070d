import { closeSync } from 'node:fs'
import { applyBlob, Growth, type OpenBlob } from '../layers/mod.ts'
import { limiter, StrakeError, settled } from '../lib/mod.ts'
import type { DiffId, Digest } from '../oci/mod.ts'
import type { ActiveSnapshot, Lease, SnapshotId, Store } from '../store/mod.ts'

/** A layer's blob on its way into a snapshot. */
export interface PackedLayer {
  readonly digest: Digest
  /** What the configuration says. */
  readonly diffId: DiffId
  /** Where it is unpacked already. */
  readonly known?: SnapshotId | undefined
  /** Whoever calls it closes the file. */
  readonly open: () => OpenBlob | Promise<OpenBlob>
  /** Settles when all of the blob has come and its digest is right; for one that is unpacked while it comes. */
  readonly arrived?: Promise<unknown> | undefined
  /** Milliseconds since the epoch when it was made, where that is to be kept; now otherwise. */
  readonly createdAt?: number | undefined
  /** Bytes of the blob so far. */
  readonly onProgress?: (bytes: number) => void
  readonly onDone?: () => void
  /** Told when the bytes of the blob are wrong: what has come of it is of no use. */
  readonly onCorrupt?: (error: StrakeError) => void
}

/** Layers that are unpacked at the same time. */
const parallel = 3

/** A layer that is being unpacked. */
interface Unpacking {
  readonly layer: PackedLayer
  readonly active: ActiveSnapshot
  /** The layers below. */
  readonly lower: readonly string[]
  readonly growth: Growth
}

/**
 * Puts the layers of an image, from the bottom up, into snapshots on top of each other, several at the same time, and notes
 * what their blobs are. Gives the topmost snapshot. Throws `corrupt` when one does not have the hash that it must have, and
 * what `applyLayer` throws; nothing is left then of the first that failed and of those above it.
 */
export async function unpackLayers(
  store: Store,
  layers: readonly PackedLayer[],
  { lease, signal }: { readonly lease: Lease; readonly signal?: AbortSignal | undefined },
): Promise<SnapshotId | undefined> {
  const { snapshots } = store
  const all: Unpacking[] = []
  let top: SnapshotId | undefined
  for (const layer of layers) {
    if (layer.known === undefined) {
      const active = snapshots.prepare(top, lease)
      all.push({ layer, active, lower: snapshots.stack(top), growth: new Growth() })
      top = active.id
    } else top = layer.known
  }
  const growths = new Set(all.map(({ growth }) => growth))
  let stopped = false
  const stop = () => {
    stopped = true
    for (const growth of growths) growth.fail()
  }
  signal?.addEventListener('abort', stop)
  const unpack = async (unpacking: Unpacking, index: number) => {
    const { layer, active, lower } = unpacking
    const blob = await layer.open()
    growths.add(blob.growth)
    try {
      if (stopped || signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal?.reason })
      const below = all.slice(0, index).map((other) => other.growth)
      const applied = await applyBlob(active.dir, blob, { lower, below, onProgress: layer.onProgress })
      if (applied.diffId !== layer.diffId) throw wrongLayer(layer.digest, applied.diffId, layer.diffId)
      return applied
    } catch (error) {
      if (error instanceof StrakeError && error.code === 'corrupt') layer.onCorrupt?.(error)
      throw error
    } finally {
      closeSync(blob.fd)
    }
  }
  const limit = limiter(parallel)
  let committed: Promise<void> = Promise.resolve()
  const one = async (unpacking: Unpacking, index: number, below: Promise<void>) => {
    const { layer, active, growth } = unpacking
    const { compression, ...applied } = await limit(() => unpack(unpacking, index))
    await layer.arrived
    if (compression === 'xz' || compression === 'bzip2') {
      const message = `layer ${layer.digest} is compressed with ${compression}, which no image format has`
      throw new StrakeError('unsupported', message)
    }
    growth.finish()
    await below
    snapshots.commit(active.id, applied, layer.createdAt)
    store.content.describe(layer.digest, { diffId: layer.diffId, compression })
    layer.onDone?.()
  }
  try {
    await settled(
      all.map((unpacking, index) => {
        committed = one(unpacking, index, committed)
        return committed.catch((error) => {
          stop()
          throw error
        })
      }),
    )
  } catch (error) {
    for (const { active } of all.reverse()) {
      if (snapshots.get(active.id).state === 'active') snapshots.discard(active.id)
    }
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  return top
}

/** A layer's blob that is here. Whoever calls it closes the file. */
export function openStored({ content }: Store, digest: Digest): OpenBlob {
  const fd = content.reader(digest)
  return { fd, growth: Growth.of(content.info(digest)?.size ?? 0) }
}

export function wrongLayer(digest: Digest, found: DiffId, wanted: DiffId): StrakeError {
  return new StrakeError('corrupt', `invalid image: layer ${digest} has the hash ${found}, not ${wanted}`)
}
