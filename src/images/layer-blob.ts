import { decompress, packLayer } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { type Descriptor, type Digest, mediaTypes } from '../oci/mod.ts'
import type { Lease, SnapshotId, Store } from '../store/mod.ts'

/**
 * The layer's uncompressed tar, bit for bit as it was hashed: from a blob that came with it, or packed again from its
 * directory. Whoever reads it must check it against the layer's hash.
 */
export function layerTar(store: Store, snapshot: SnapshotId): AsyncIterable<Uint8Array> {
  const { layer } = store.snapshots.get(snapshot)
  const blob = layer && store.content.byDiffId(layer.diffId)
  if (!blob) return packLayer(store.snapshots.dir(snapshot))
  return decompress(store.content.open(blob.digest))
}

/** See `Images.layerBlob`. */
export async function layerBlob(store: Store, snapshot: SnapshotId, lease: Lease): Promise<Descriptor> {
  const { layer } = store.snapshots.get(snapshot)
  if (!layer) throw new StrakeError('internal', `snapshot ${snapshot} has no hash yet`)
  const digest = layer.diffId as string as Digest
  if (store.content.info(digest)) {
    lease.add({ blob: digest })
  } else {
    using ingest = store.content.ingest(lease)
    for await (const chunk of layerTar(store, snapshot)) ingest.write(chunk)
    ingest.commit({ digest, size: layer.tarSize })
    store.content.describe(digest, { diffId: layer.diffId, compression: 'none' })
  }
  return { mediaType: mediaTypes.layer, digest, size: layer.tarSize }
}
