import { byteStatus, type Image, type Images } from '../images/mod.ts'
import { type OperationOptions, StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type DiffId,
  type Digest,
  familiarString,
  hex,
  type Platform,
  parseReference,
  type Reference,
} from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import { type BlobWatch, copy } from './copy.ts'
import type { PackOptions } from './pack-image.ts'
import { type Packed, packNamed } from './pack-index.ts'
import { explainRefusedPush } from './refused-push.ts'
import { openRegistries, type RegistriesOptions } from './repository.ts'
import { StoreBlobs } from './store-blobs.ts'

export interface PushOptions
  extends OperationOptions,
    Pick<PackOptions, 'compression' | 'level' | 'force' | 'mediaTypes' | 'annotations'>,
    Pick<RegistriesOptions, 'env' | 'retryDelay' | 'idleTimeout'> {
  /** A name that an image of the store has: `localhost:5000/app:1.0`. */
  readonly reference: string
  /** Only the image for this platform, where the name stands for several. */
  readonly platform?: Platform | undefined
  /** Without a tag there: it is known by its digest only. */
  readonly byDigest?: boolean | undefined
  readonly parallel?: number | undefined
}

export interface PushedImage {
  readonly reference: Reference
  /** The manifest, as the registry has it now. */
  readonly digest: Digest
  readonly size: number
}

/**
 * Sends an image to the registry of its name, or the whole index that it stands for. Layers are compressed once, while they are sent; what the registry has does
 * not move. Throws `not_found` (no such image), `unauthorized`, `denied`, `unavailable`.
 */
export async function pushImage(store: Store, images: Images, options: PushOptions): Promise<PushedImage> {
  const reference = parseReference(options.reference)
  const { registry, repository, tag } = reference
  if (!tag || reference.digest) {
    throw new StrakeError('invalid', 'cannot push a digest reference', { hint: 'Push a tag: strake push NAME:TAG' })
  }
  const { platform } = options
  const name = familiarString(reference)
  const image = images.find(name, platform)
  if (!image) {
    const message = `An image does not exist locally with the tag: ${name}`
    throw new StrakeError('not_found', message, { hint: 'Give an image that name with: strake tag IMAGE NAME' })
  }
  using registries = openRegistries(options)
  using lease = store.lease('push')
  const mountFrom = (digest: Digest) => images.repositoriesOf(digest, registry).filter((name) => name !== repository)
  const target = registries.repository(registry, repository, { access: 'push', mountFrom })
  const all = platform ? [] : (images.index(name)?.members ?? [])
  const watches = watchLayers(images, all.length > 0 ? all.flatMap((member) => member.image ?? []) : [image], options)
  try {
    const packed = await packNamed({ store, images, lease }, name, {
      ...options,
      async onLayer(diffId, blob, tarSize) {
        const watch = watches.ofLayer(diffId, tarSize)
        const open = (from: number) => counted(blob.open(from), from, watch)
        await target.pushGrowing({ open, descriptor: blob.descriptor })
        watch.done({ kind: 'pushed' })
      },
    })
    watches.packed(packed)
    const { manifest } = packed
    await copy(new StoreBlobs(store, lease), target, manifest, { ...options, watch: watches.ofBlob, parallel: 5 })
    watches.end()
    if (!options.byDigest) await target.tag(manifest, tag)
    images.addDigest(image, { registry, repository, digest: manifest.digest })
    return { reference, digest: manifest.digest, size: manifest.size }
  } catch (error) {
    throw error instanceof StrakeError ? await explainRefusedPush(error, reference, options.env ?? process.env) : error
  }
}

/** Tells of layers in docker's words. They are known by their contents' hash, as their blobs have no digest at first. */
function watchLayers(images: Images, all: readonly Image[], { progress }: PushOptions) {
  const diffIds = [...new Set(all.flatMap((image) => images.config(image).rootfs.diff_ids))]
  const names = new Map<Digest, DiffId>()
  const told = new Set<string>()
  const watch = (id: string, size: number): BlobWatch => {
    const short = id.slice(7, 19)
    const status = (words: string) => byteStatus(progress, 'push', `${short}: ${words}`, size, short)
    const pushing = status('Pushing')
    return {
      update: pushing.update,
      done(how) {
        if (told.has(id)) return
        told.add(id)
        const words = { pushed: 'Pushed', present: 'Layer already exists', mounted: '' }[how.kind]
        status(how.kind === 'mounted' ? `Mounted from ${how.from}` : words).done()
      },
    }
  }
  for (const id of diffIds)
    byteStatus(progress, 'push', `${hex(id).slice(0, 12)}: Preparing`, 0, hex(id).slice(0, 12)).update(0)
  return {
    ofLayer: (diffId: DiffId, tarSize: number) => watch(diffId, tarSize),
    /** Says which layers the blobs of the packed images are. */
    packed(packed: Packed) {
      for (const { image, layers } of packed.images) {
        const own = images.config(image).rootfs.diff_ids
        for (const [i, { digest }] of layers.entries()) names.set(digest, own[i]!)
      }
    },
    ofBlob({ digest, size }: Descriptor): BlobWatch {
      const diffId = names.get(digest)
      return diffId ? watch(diffId, size) : { update: () => {}, done: () => {} }
    },
    /** The registry had all of it: nothing was asked of the layers. */
    end: () => {
      for (const id of diffIds) watch(id, 0).done({ kind: 'present' })
    },
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, from: number, watch: BlobWatch): AsyncGenerator<Uint8Array> {
  let at = from
  for await (const chunk of chunks) {
    at += chunk.length
    watch.update(at)
    yield chunk
  }
}
