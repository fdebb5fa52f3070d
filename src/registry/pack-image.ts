import { createHash } from 'node:crypto'
import { canonicalJson, type Image, type Images, layerTar, layerTypes } from '../images/mod.ts'
import { compress } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { type Descriptor, type DiffId, mediaTypes } from '../oci/mod.ts'
import type { Lease, SnapshotId, Store } from '../store/mod.ts'
import { limiter, settled } from './copy.ts'
import { GrowingFile } from './growing-file.ts'
import type { GrowingBlob } from './upload.ts'

export interface PackOptions {
  /** What layers that were made here are packed with. Those that came from outside go out as they came. */
  readonly compression?: 'gzip' | 'zstd' | undefined
  readonly level?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Gets each layer that is packed, while that is done; what it gives is waited for. */
  readonly onLayer?: ((diffId: DiffId, blob: GrowingBlob, tarSize: number) => Promise<void>) | undefined
}

interface Layer {
  readonly snapshot: SnapshotId
  readonly diffId: DiffId
  readonly tarSize: number
  /** Its blob, where it is here in a form in which it can leave. */
  readonly packed: Descriptor | undefined
}

/**
 * Gives the manifest of an image whose layers are all here as compressed blobs. What is not, is compressed now, on all
 * processors, and kept with the image: the next time there is nothing to do. Throws `corrupt` when a layer is not what
 * it was any more.
 */
export async function packImage(
  { store, images, lease }: { readonly store: Store; readonly images: Images; readonly lease: Lease },
  image: Image,
  options: PackOptions = {},
): Promise<Descriptor> {
  const before = images.manifest(image)
  const layers = layersOf(store, before.layers, image, options)
  for (const { packed } of layers) if (packed) lease.add({ blob: packed.digest })
  if (layers.every(({ packed }, i) => packed?.digest === before.layers[i]?.digest)) return image.manifest
  const limit = limiter(2)
  const packed: Descriptor[] = []
  await settled(
    layers.map(async (layer, i) => {
      packed[i] = layer.packed ?? (await limit(() => packLayer(store, layer, lease, options)))
    }),
  )
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { ...before.config, mediaType: mediaTypes.config },
    layers: packed,
    ...(before.annotations && { annotations: before.annotations }),
  })
  const { digest, size } = store.content.put(manifest, lease)
  const descriptor = { mediaType: mediaTypes.manifest, digest, size }
  images.repack(image, { manifest: descriptor, blobs: packed.map((layer) => layer.digest) }, lease)
  return descriptor
}

function layersOf(
  { content, snapshots }: Store,
  descriptors: readonly Descriptor[],
  image: Image,
  { compression }: PackOptions,
): Layer[] {
  const stack = snapshots.ancestry(image.snapshot).reverse()
  return stack.map(({ id, layer }, i) => {
    const { diffId, tarSize } = layer!
    const named = descriptors[i]!
    const own = content.info(named.digest)
    if (own && own.compression !== undefined && own.compression !== 'none') {
      const made = own.compression === compression || compression === undefined
      if (made || named.mediaType.includes('docker')) return { snapshot: id, diffId, tarSize, packed: named }
    }
    const other = content.byDiffId(diffId)
    const usable =
      other?.compression && other.compression !== 'none' && other.compression === (compression ?? other.compression)
    const packed = usable
      ? { mediaType: layerTypes[other.compression], digest: other.digest, size: other.size }
      : undefined
    return { snapshot: id, diffId, tarSize, packed }
  })
}

async function packLayer(store: Store, layer: Layer, lease: Lease, options: PackOptions): Promise<Descriptor> {
  const { compression = 'gzip', level, signal, onLayer } = options
  using file = new GrowingFile(store, lease)
  const descriptor = Promise.withResolvers<Descriptor>()
  descriptor.promise.catch(() => {})
  const sent = onLayer?.(
    layer.diffId,
    { open: (from) => file.open(from), descriptor: descriptor.promise },
    layer.tarSize,
  )
  let refused: StrakeError | undefined
  sent?.catch((error) => {
    if (error instanceof StrakeError && error.code !== 'unavailable') refused = error
  })
  try {
    const tar = checked(layerTar(store, layer.snapshot), layer, signal)
    for await (const chunk of compress(tar, { kind: compression, ...(level !== undefined && { level }) })) {
      // Nobody waits for work that nobody wants; what only broke is worth keeping for the next time.
      if (refused) throw refused
      file.write(chunk)
    }
    const { digest, size } = file.commit()
    store.content.describe(digest, { diffId: layer.diffId, compression })
    descriptor.resolve({ mediaType: layerTypes[compression], digest, size })
  } catch (error) {
    file.fail(error)
    descriptor.reject(error)
    throw error
  }
  await sent
  return descriptor.promise
}

/** Throws at the end when it was not the layer's tar. */
async function* checked(
  tar: AsyncIterable<Uint8Array>,
  { diffId }: Layer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of tar) {
    signal?.throwIfAborted()
    hash.update(chunk)
    yield chunk
  }
  if (`sha256:${hash.digest('hex')}` === diffId) return
  throw new StrakeError('corrupt', `the files of layer ${diffId} have changed in the store`, {
    hint: 'See what is damaged with: strake system check',
  })
}
