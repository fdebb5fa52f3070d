import { applyLayer } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { DiffId, Digest } from '../oci/mod.ts'
import type { Lease, SnapshotId, Store } from '../store/mod.ts'

/** A layer's blob on its way into a snapshot. */
export interface PackedLayer {
  readonly digest: Digest
  /** What the configuration says. */
  readonly diffId: DiffId
  readonly open: () => AsyncIterable<Uint8Array>
  /** Settles when all of the blob has come and its digest is right; for one that is unpacked while it comes. */
  readonly arrived?: Promise<unknown>
}

/**
 * Puts a layer into a snapshot on top of `parent`, and notes what its blob is. Throws `corrupt` when it does not have the
 * hash that it must have; nobody sees anything of it then.
 */
export async function unpackLayer(
  store: Store,
  { layer, parent }: { readonly layer: PackedLayer; readonly parent: SnapshotId | undefined },
  lease: Lease,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (bytes: number) => void },
): Promise<SnapshotId> {
  const { content, snapshots } = store
  const { digest, diffId } = layer
  const active = snapshots.prepare(parent, lease)
  const applied = await applyLayer(active.dir, layer.open(), { lower: snapshots.stack(parent), ...options })
  await layer.arrived
  const { compression } = applied
  if (applied.diffId !== diffId) throw wrongLayer(digest, applied.diffId, diffId)
  if (compression === 'xz' || compression === 'bzip2') {
    const message = `layer ${digest} is compressed with ${compression}, which no image format has`
    throw new StrakeError('unsupported', message)
  }
  snapshots.commit(active.id, applied)
  content.describe(digest, { diffId, compression })
  return active.id
}

export function wrongLayer(digest: Digest, found: DiffId, wanted: DiffId): StrakeError {
  return new StrakeError('corrupt', `invalid image: layer ${digest} has the hash ${found}, not ${wanted}`)
}
