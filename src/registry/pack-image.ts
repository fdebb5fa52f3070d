import { canonicalJson, checkedTar, type Image, type Images, layerTypes } from '../images/mod.ts'
import { compress, expectLayer } from '../layers/mod.ts'
import { limiter, StrakeError, settled } from '../lib/mod.ts'
import { type Descriptor, type DiffId, type Manifest, mediaTypes } from '../oci/mod.ts'
import type { Compression, Lease, Snapshot, SnapshotId, Store } from '../store/mod.ts'
import { GrowingFile } from './growing-file.ts'
import type { GrowingBlob } from './upload.ts'

export interface PackOptions {
  /** What layers that were made here are packed with (gzip). Those that came from outside go out as they came. */
  readonly compression?: Compression | undefined
  readonly level?: number | undefined
  /** Packs all layers anew that are packed with something else, also those that came from outside. */
  readonly force?: boolean | undefined
  /** Whose media types the manifest has: those that it had, or `oci`. docker has none for zstd. */
  readonly mediaTypes?: 'oci' | 'docker' | undefined
  /** Of the manifest, besides those that it has. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
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

/** What can be packed: an image, or what could be one. */
export interface Packable {
  readonly manifest: Descriptor
  /** Top of its layers. */
  readonly snapshot: SnapshotId | undefined
}

/**
 * Gives the manifest of an image whose layers are all here as blobs that can leave: compressed ones, unless it is asked for others. What is not, is compressed now, on all
 * processors, and kept with the image: the next time there is nothing to do. Throws `corrupt` when a layer is not what
 * it was any more.
 */
export async function packImage(
  { store, images, lease }: { readonly store: Store; readonly images: Images; readonly lease: Lease },
  image: Image,
  options: PackOptions = {},
): Promise<Descriptor> {
  const { manifest, layers } = await packManifest({ store, lease }, image, options)
  if (manifest.digest !== image.manifest.digest) {
    images.repack(image, { manifest, blobs: layers.map((layer) => layer.digest) }, lease)
  }
  return manifest
}

/** As `packImage`, of what need not be an image of the store: it is held by the lease alone. */
export async function packManifest(
  { store, lease }: { readonly store: Store; readonly lease: Lease },
  image: Packable,
  options: PackOptions = {},
): Promise<{ readonly manifest: Descriptor; readonly layers: readonly Descriptor[] }> {
  const before = JSON.parse(store.content.read(image.manifest.digest).toString()) as Manifest
  const layers = layersOf(store, before.layers, image.snapshot, options)
  for (const { packed } of layers) if (packed) lease.add({ blob: packed.digest })
  const asBefore = options.mediaTypes === undefined && options.annotations === undefined
  if (asBefore && layers.every(({ packed }, i) => packed?.digest === before.layers[i]?.digest)) {
    return { manifest: image.manifest, layers: before.layers }
  }
  const limit = limiter(2)
  const packed: Descriptor[] = []
  await settled(
    layers.map(async (layer, i) => {
      packed[i] = layer.packed ?? (await limit(() => packLayer(store, layer, lease, options)))
    }),
  )
  const docker = options.mediaTypes === 'docker'
  const annotations = { ...before.annotations, ...options.annotations }
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.manifest
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType,
    config: { ...before.config, mediaType: docker ? mediaTypes.dockerConfig : mediaTypes.config },
    layers: options.mediaTypes ? packed.map((layer) => ({ ...layer, mediaType: layerTypeIn(layer, options) })) : packed,
    ...(Object.keys(annotations).length > 0 && { annotations }),
  })
  const { digest, size } = store.content.put(manifest, lease)
  return { manifest: { mediaType, digest, size }, layers: packed }
}

/** The blob of one layer of the store, in a form in which it can leave; packed now, if none is here. */
export async function packSnapshot(
  { store, lease }: { readonly store: Store; readonly lease: Lease },
  { id, layer }: Snapshot,
  options: PackOptions = {},
): Promise<Descriptor> {
  const { diffId, tarSize } = layer!
  const packed = storedBlob(store, diffId, options)
  if (!packed) return packLayer(store, { snapshot: id, diffId, tarSize, packed }, lease, options)
  lease.add({ blob: packed.digest })
  return packed
}

/** The layer's media type in that family. Throws `unsupported` for zstd in docker's. */
export function layerTypeIn({ mediaType, digest }: Descriptor, { mediaTypes: family }: PackOptions): string {
  const compression = /[+.]gzip$/.test(mediaType) ? 'gzip' : /[+.]zstd$/.test(mediaType) ? 'zstd' : 'none'
  if (family === 'oci') return layerTypes[compression]
  if (compression === 'gzip') return mediaTypes.dockerLayerGzip
  if (compression === 'none') return mediaTypes.dockerLayer
  throw new StrakeError('unsupported', `layer ${digest} is packed with zstd, for which docker has no media type`, {
    hint: 'Ask for oci-mediatypes=true, or for compression=gzip,force-compression=true.',
  })
}

function layersOf(
  { content, snapshots }: Store,
  descriptors: readonly Descriptor[],
  top: SnapshotId | undefined,
  { compression, force = false, mediaTypes: family }: PackOptions,
): Layer[] {
  const stack = snapshots.ancestry(top).reverse()
  return stack.map(({ id, layer }, i) => {
    const { diffId, tarSize } = layer!
    const named = descriptors[i]!
    const own = content.info(named.digest)
    const foreign = !force && own?.compression !== 'none' && named.mediaType.includes('docker')
    if (own?.compression && (isUsable(own.compression, { compression, mediaTypes: family }) || foreign)) {
      return { snapshot: id, diffId, tarSize, packed: named }
    }
    return {
      snapshot: id,
      diffId,
      tarSize,
      packed: storedBlob({ content }, diffId, { compression, mediaTypes: family }),
    }
  })
}

/** A blob of the layer that is here, and fit to leave. */
function storedBlob(
  { content }: Pick<Store, 'content'>,
  diffId: DiffId,
  options: Pick<PackOptions, 'compression' | 'mediaTypes'>,
): Descriptor | undefined {
  const blob = content.byDiffId(diffId)
  if (!blob?.compression || !isUsable(blob.compression, options)) return undefined
  return { mediaType: layerTypes[blob.compression], digest: blob.digest, size: blob.size }
}

function isUsable(
  found: Compression | undefined,
  { compression, mediaTypes: family }: Pick<PackOptions, 'compression' | 'mediaTypes'>,
): boolean {
  if (compression !== undefined) return found === compression
  return found === 'gzip' || (found === 'zstd' && family !== 'docker')
}

async function packLayer(store: Store, layer: Layer, lease: Lease, options: PackOptions): Promise<Descriptor> {
  const { compression = 'gzip', level, signal, onLayer } = options
  expectLayer({ files: 0, bytes: layer.tarSize })
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
    const tar = checkedTar(store, layer.snapshot)
    for await (const chunk of compress(tar, { kind: compression, ...(level !== undefined && { level }) })) {
      signal?.throwIfAborted()
      // Nobody waits for work that nobody wants; what only broke is worth keeping for the next time.
      if (refused) throw refused
      file.write(chunk)
      await file.keepPace()
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
