import {
  contentBelow,
  type Image,
  type ImageIndex,
  type Images,
  type IndexMember,
  readIndex,
  subjectOf,
  writeIndex,
} from '../images/mod.ts'
import { type Descriptor, type Manifest, mediaTypes, type Platform, parseReference } from '../oci/mod.ts'
import type { Lease, Store } from '../store/mod.ts'
import { type PackOptions, packImage, packManifest } from './pack-image.ts'

/** What can leave. */
export interface Packed {
  /** An image's manifest, or an index. */
  readonly manifest: Descriptor
  /** The images in it, and their layers as they leave. */
  readonly images: readonly { readonly image: Image; readonly layers: readonly Descriptor[] }[]
}

interface Context {
  readonly store: Store
  readonly images: Images
  readonly lease: Lease
}

/**
 * Packs what a name stands for: an index with all its images that are here, or the one image of the platform. Throws
 * as `packImage`, and `not_found`.
 */
export async function packNamed(
  context: Context,
  name: string,
  { platform, ...options }: PackOptions & { readonly platform?: Platform | undefined },
): Promise<Packed> {
  const { images } = context
  const index = platform ? undefined : images.index(name)
  if (index) return await packIndex(context, index, options)
  const image = images.get(name, platform)
  const manifest = await packImage(context, image, options)
  return { manifest, images: [{ image, layers: images.manifest(images.get(image.id)).layers }] }
}

/**
 * Makes an index whose members can all leave, and points the names of the old one at it. What is not here is left out. An image
 * that an attestation names by its digest was packed before that was made, and leaves as it is.
 */
async function packIndex(context: Context, index: ImageIndex, options: PackOptions): Promise<Packed> {
  const { store, images, lease } = context
  const subjects = new Set(index.members.map(({ descriptor }) => subjectOf(descriptor)))
  const members: IndexMember[] = []
  const parts: { image: Image; layers: readonly Descriptor[] }[] = []
  for (const { descriptor, image } of index.members) {
    if (!image) continue
    const final = subjects.has(descriptor.digest) && contentBelow(store, descriptor).missing.size === 0
    const packed = final
      ? { manifest: descriptor, layers: layersOf(store, descriptor) }
      : await packManifest({ store, lease }, { manifest: descriptor, snapshot: image.snapshot }, options)
    const { mediaType, digest, size } = packed.manifest
    members.push({ descriptor: { ...descriptor, mediaType, digest, size }, image })
    parts.push({ image, layers: packed.layers })
  }
  for (const { descriptor, image } of index.members) {
    if (image || contentBelow(store, descriptor).missing.size > 0) continue
    const subject = subjectOf(descriptor)
    if (subject && !members.some((member) => member.descriptor.digest === subject)) continue
    members.push({ descriptor, image })
  }
  const document = readIndex(store, index.manifest.digest)
  const docker = members.every(({ descriptor }) => descriptor.mediaType === mediaTypes.dockerManifest)
  const manifest = writeIndex(
    store,
    {
      mediaType: docker ? mediaTypes.dockerIndex : mediaTypes.index,
      manifests: members.map(({ descriptor }) => descriptor),
      annotations: document.annotations,
    },
    lease,
  )
  for (const { descriptor } of members) for (const blob of contentBelow(store, descriptor).here) lease.add({ blob })
  if (sameManifests(document.manifests, members)) return { manifest: index.manifest, images: parts }
  store.transaction(() => {
    for (const name of parts.flatMap(({ image }) => images.get(image.id).names)) {
      if (images.index(name)?.manifest.digest !== index.manifest.digest) continue
      images.tagIndex({ manifest, members }, parseReference(name))
    }
  })
  return { manifest, images: parts }
}

function layersOf(store: Store, { digest }: Descriptor): readonly Descriptor[] {
  return (JSON.parse(store.content.read(digest).toString()) as Manifest).layers
}

function sameManifests(before: readonly Descriptor[], members: readonly IndexMember[]): boolean {
  return (
    before.length === members.length &&
    before.every(({ digest }) => members.some(({ descriptor }) => descriptor.digest === digest))
  )
}
