import { createHash } from 'node:crypto'
import { changed, decompress, packLayer } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { type Descriptor, type DiffId, type Digest, mediaTypes } from '../oci/mod.ts'
import type { Compression, Lease, SnapshotId, Store } from '../store/mod.ts'

/**
 * The layer's uncompressed tar, bit for bit as it was hashed: from a blob that came with it, or packed again from its
 * directory. Whoever reads it must check it against the layer's hash. A chunk is valid until the next one is asked for.
 */
export function layerTar(store: Store, snapshot: SnapshotId): AsyncIterable<Uint8Array> {
  const { layer } = store.snapshots.get(snapshot)
  const blob = layer && store.content.byDiffId(layer.diffId)
  if (!blob) return packLayer(store.snapshots.dirs(snapshot))
  return decompress(store.content.open(blob.digest))
}

/** As `layerTar`, and throws `corrupt` at its end when that was not what the layer's hash says. */
export function checkedTar(store: Store, snapshot: SnapshotId): AsyncIterable<Uint8Array> {
  const { diffId } = store.snapshots.get(snapshot).layer!
  const blob = store.content.byDiffId(diffId)
  if (!blob) return packLayer(store.snapshots.dirs(snapshot), diffId)
  return checked(decompress(store.content.open(blob.digest)), diffId)
}

async function* checked(tar: AsyncIterable<Uint8Array>, diffId: DiffId): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of tar) {
    hash.update(chunk)
    yield chunk
  }
  if (`sha256:${hash.digest('hex')}` !== diffId) throw changed(diffId)
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

/** What a blob of unknown origin is as a layer: the hash of the tar in it, and how it is compressed. */
export async function hashOfLayer(
  blob: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ readonly diffId: DiffId; readonly compression: Compression }> {
  let first: Uint8Array | undefined
  async function* seen(): AsyncGenerator<Uint8Array> {
    for await (const chunk of blob) {
      first ??= chunk
      yield chunk
    }
  }
  const hash = createHash('sha256')
  for await (const chunk of decompress(seen())) {
    signal?.throwIfAborted()
    hash.update(chunk)
  }
  const magic = Buffer.from(first ?? []).toString('hex', 0, 4)
  const compression = magic.startsWith('1f8b') ? 'gzip' : magic === '28b52ffd' ? 'zstd' : 'none'
  return { diffId: `sha256:${hash.digest('hex')}` as DiffId, compression }
}
