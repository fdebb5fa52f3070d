import { type Image, type ImageIndex, type Images, type IndexMember, isAttestation, readIndex } from '../images/mod.ts'
import { type Descriptor, isImageType, isIndexType, mediaTypes } from '../oci/mod.ts'
import type { Lease, Store } from '../store/mod.ts'
import { copy } from './copy.ts'
import { StoreBlobs } from './store-blobs.ts'
import { type TakeOptions, takeImage } from './take-image.ts'
import type { Blobs } from './target.ts'
import { parseManifest } from './wire/mod.ts'

/**
 * Brings an image into the store as `takeImage` does; without a platform, an index whole: all its images, and what is attached to
 * them.
 */
export async function takeNamed(
  context: { readonly store: Store; readonly images: Images; readonly lease: Lease },
  source: Pick<Blobs, 'name' | 'fetch'>,
  root: Descriptor,
  options: TakeOptions = {},
): Promise<Image | ImageIndex> {
  if (options.platform || !isIndexType(root.mediaType)) return takeImage(context, source, root, options)
  const { store, lease } = context
  const target = new StoreBlobs(store, lease)
  // First every blob as it is there, so that the index names what is here.
  await copy(source, target, root, options)
  const members: IndexMember[] = []
  for (const descriptor of readIndex(store, root.digest).manifests) {
    const image = isImage(store, descriptor) ? await takeImage(context, target, descriptor, options) : undefined
    members.push({ descriptor, image })
  }
  const { mediaType, digest, size } = root
  return { manifest: { mediaType, digest, size }, members }
}

function isImage(store: Store, descriptor: Descriptor): boolean {
  if (!isImageType(descriptor.mediaType) || isAttestation(descriptor)) return false
  const parsed = parseManifest(store.content.read(descriptor.digest), descriptor.mediaType)
  const { mediaType } = parsed.kind === 'image' ? parsed.config : descriptor
  return mediaType === mediaTypes.config || mediaType === mediaTypes.dockerConfig
}
