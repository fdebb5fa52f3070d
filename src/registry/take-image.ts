import {
  byteStatus,
  canonicalJson,
  choosePlatform,
  type Image,
  type Images,
  layerTypes,
  unpackLayers,
} from '../images/mod.ts'
import { limiter, type OperationOptions, StrakeError, settled } from '../lib/mod.ts'
import {
  type ChainId,
  chain,
  type Descriptor,
  type DiffId,
  type Digest,
  hex,
  isDigest,
  mediaTypes,
  type Platform,
} from '../oci/mod.ts'
import type { Lease, Snapshot, SnapshotId, Store } from '../store/mod.ts'
import { childrenOf, copyBlob } from './copy.ts'
import { StoreBlobs } from './store-blobs.ts'
import { type Blobs, readContent } from './target.ts'
import { type ParsedManifest, parseDocument, parseManifest } from './wire/mod.ts'

export interface TakeOptions extends OperationOptions {
  readonly platform?: Platform | undefined
  readonly parallel?: number | undefined
  /** Called as soon as there will be no image: what is still on its way need not come. */
  readonly onFailure?: (() => void) | undefined
}

type ImageManifest = ParsedManifest & { readonly kind: 'image' }

/** A layer of an image on its way into the store. */
interface Layer {
  readonly blob: Descriptor
  readonly diffId: DiffId
  /** It is unpacked already. */
  readonly known: Snapshot | undefined
  /** The blob that it is unpacked from: its own, or another one of the same layer that is here. */
  readonly from: Descriptor
}

/** The manifest of an image for one platform, found by following indexes. Throws `not_found`, `unsupported`, `corrupt`. */
export async function imageManifest(
  source: Pick<Blobs, 'name' | 'fetch'>,
  root: Descriptor,
  platform: Platform | undefined,
): Promise<{ readonly descriptor: Descriptor; readonly bytes: Buffer; readonly manifest: ImageManifest }> {
  let descriptor = root
  for (let depth = 0; depth < 8; depth++) {
    const bytes = await readContent(source, descriptor)
    const manifest = parseManifest(bytes, descriptor.mediaType)
    if (manifest.kind === 'index') {
      descriptor = choosePlatform(manifest.manifests, platform, source.name)
      continue
    }
    const { mediaType } = manifest.config
    if (mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig) return { descriptor, bytes, manifest }
    throw new StrakeError('unsupported', `${source.name} is no container image but ${JSON.stringify(mediaType)}`)
  }
  throw new StrakeError('corrupt', `${source.name}: indexes are nested too deeply`)
}

/**
 * Brings an image from somewhere into the store and unpacks it: blobs come side by side, and each layer is unpacked while it
 * comes, on top of those below. What is here already, as a blob or unpacked, does not come again. There is an image only when
 * everything has the digest that it must have.
 */
export async function takeImage(
  { store, images, lease }: { readonly store: Store; readonly images: Images; readonly lease: Lease },
  source: Pick<Blobs, 'name' | 'fetch'>,
  root: Descriptor,
  options: TakeOptions = {},
): Promise<Image> {
  const { descriptor, bytes, manifest } = await imageManifest(source, root, options.platform)
  childrenOf(manifest)
  const target = new StoreBlobs(store, lease)
  const config = await readConfig(source, target, manifest, options.platform)
  store.content.put(config.bytes, lease)
  const layers = layersOf(store, manifest, config.diffIds, lease)
  const shown = layers.map((layer) => layerStatus(layer, `pull ${source.name}`, options))
  const limit = limiter(options.parallel ?? 3)
  const missing = new Map<Digest, number>()
  for (const [i, { known, from, blob }] of layers.entries()) {
    if (!known && from === blob && !missing.has(blob.digest)) missing.set(blob.digest, i)
  }
  const arriving = new Map<Digest, Promise<void>>()
  for (const [digest, i] of missing) {
    const { blob } = layers[i]!
    const arrived = limit(() => copyBlob(source, target, blob, shown[i])).catch((error) => {
      target.fail(error)
      throw error
    })
    arrived.catch(() => {})
    arriving.set(digest, arrived)
  }
  const packed = layers.map(({ known, diffId, from }, i) => ({
    digest: from.digest,
    diffId,
    known: known?.id,
    open: () => target.share(from),
    arrived: arriving.get(from.digest),
    onProgress: shown[i]!.unpacked,
    onDone: () => shown[i]!.end('Pull complete'),
    onCorrupt: (error: StrakeError) => target.refuse(from, error),
  }))
  for (const [i, { known }] of layers.entries()) if (known) shown[i]!.end('Already exists')
  let snapshot: SnapshotId | undefined
  const unpacking = async () => {
    snapshot = await unpackLayers(store, packed, { lease, signal: options.signal })
  }
  const all = [...arriving.values(), unpacking()]
  for (const one of all) one.catch(() => options.onFailure?.())
  await settled(all)
  const { digest, size } = manifest.config
  const kept = layers.map((layer) => storedLayer(store, layer))
  // What was not fetched, because it is here unpacked, is named as we can give it: the manifest is another one then.
  const same = kept.every((layer, i) => layer.digest === layers[i]!.blob.digest)
  const own = same
    ? bytes
    : Buffer.from(
        canonicalJson({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: { mediaType: mediaTypes.config, digest, size },
          layers: kept,
        }),
      )
  const stored = store.content.put(own, lease)
  const blobs = kept.map((layer) => layer.digest).filter((blob) => store.content.info(blob))
  const mediaType = same ? descriptor.mediaType : mediaTypes.manifest
  return images.add(
    { config: digest, manifest: { mediaType, digest: stored.digest, size: stored.size }, snapshot, blobs },
    lease,
  )
}

async function readConfig(
  source: Pick<Blobs, 'name' | 'fetch'>,
  target: StoreBlobs,
  { config, layers }: ImageManifest,
  platform: Platform | undefined,
): Promise<{ readonly bytes: Buffer; readonly diffIds: readonly DiffId[] }> {
  const bytes = await readContent((await target.exists(config)) ? target : source, config)
  const fail = (why: string) => new StrakeError('corrupt', `${source.name}: invalid configuration: ${why}`)
  const { rootfs, architecture, os } = parseDocument(bytes)
  const ids = (rootfs as { diff_ids?: unknown } | undefined)?.diff_ids ?? []
  if (!Array.isArray(ids) || !ids.every(isDigest)) throw fail('it has invalid layer hashes')
  if (typeof architecture !== 'string' || typeof os !== 'string') throw fail('it does not say for which platform it is')
  if (ids.length !== layers.length) throw fail(`it is of ${ids.length} layers, but the manifest has ${layers.length}`)
  if (platform && (platform.os !== os || platform.architecture !== architecture)) {
    const wanted = `${platform.os}/${platform.architecture}`
    throw new StrakeError('not_found', `${source.name} is there for ${os}/${architecture} only, not for ${wanted}`)
  }
  return { bytes, diffIds: ids as string[] as DiffId[] }
}

function layersOf(store: Store, { layers }: ImageManifest, diffIds: readonly DiffId[], lease: Lease): Layer[] {
  let stack: ChainId | undefined
  return layers.map((blob, i) => {
    const diffId = diffIds[i]!
    stack = chain(stack, diffId)
    const own = store.content.info(blob.digest)
    const other = own?.size === blob.size ? undefined : store.content.byDiffId(diffId)
    const from = other
      ? { mediaType: layerTypes[other.compression ?? 'none'], digest: other.digest, size: other.size }
      : blob
    if (own || other) lease.add({ blob: from.digest })
    return { blob, diffId, known: store.snapshots.byChain(stack, lease), from }
  })
}

/** A blob of the layer that is here: as it came if it came, another one, or else the tar that can be packed from its files. */
function storedLayer(store: Store, { blob, diffId, known }: Layer): Descriptor {
  if (store.content.info(blob.digest)) return blob
  const other = store.content.byDiffId(diffId)
  if (other) return { mediaType: layerTypes[other.compression ?? 'none'], digest: other.digest, size: other.size }
  return { mediaType: mediaTypes.layer, digest: diffId as string as Digest, size: known!.layer!.tarSize }
}

/** Tells of a layer in docker's words. */
function layerStatus({ blob }: Layer, vertex: string, { progress }: TakeOptions) {
  const short = hex(blob.digest).slice(0, 12)
  const status = (words: string) => byteStatus(progress, vertex, `${short}: ${words}`, blob.size, short)
  const end = (words: string) => {
    const last = status(words)
    last.update(blob.size)
    last.done()
  }
  status('Pulling fs layer').update(0)
  const downloading = status('Downloading')
  const extracting = status('Extracting')
  let arrived = false
  return {
    update: downloading.update,
    done() {
      arrived = true
      end('Download complete')
    },
    unpacked(bytes: number) {
      if (arrived) extracting.update(bytes)
    },
    end,
  }
}
