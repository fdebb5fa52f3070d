import {
  type Descriptor,
  type Digest,
  type Index,
  isImageType,
  isIndexType,
  type Manifest,
  mediaTypes,
  type Platform,
  platformMatches,
} from '../oci/mod.ts'
import type { Lease, Store } from '../store/mod.ts'
import { canonicalJson } from './json.ts'
import type { IndexMember } from './types.ts'

/** The document of an index that is stored. */
export function readIndex(store: Store, digest: Digest): Index {
  return JSON.parse(store.content.read(digest).toString()) as Index
}

/**
 * Writes an index, which the lease holds.
 *
 * @param index descriptors as they shall stand in it, with platforms; those of attachments, and the content of these, are
 *   the caller's to store
 */
export function writeIndex(
  store: Store,
  index: {
    readonly manifests: readonly Descriptor[]
    readonly annotations?: Readonly<Record<string, string>> | undefined
    readonly mediaType?: string | undefined
  },
  lease: Lease,
): Descriptor {
  const { manifests, annotations, mediaType = mediaTypes.index } = index
  const document = { schemaVersion: 2, mediaType, manifests, ...(annotations && { annotations }) }
  const { digest, size } = store.content.put(canonicalJson(document), lease)
  return { mediaType, digest, size }
}

/** The blob and all that it names: what of it is here, and what is not. */
export function contentBelow(
  store: Store,
  root: Descriptor,
): { readonly here: ReadonlySet<Digest>; readonly missing: ReadonlySet<Digest> } {
  const [here, missing] = [new Set<Digest>(), new Set<Digest>()]
  const visit = ({ digest, mediaType }: Descriptor) => {
    if (here.has(digest) || missing.has(digest)) return
    if (!store.content.info(digest)) {
      missing.add(digest)
      return
    }
    here.add(digest)
    if (isIndexType(mediaType)) {
      for (const member of readIndex(store, digest).manifests) visit(member)
    } else if (isImageType(mediaType)) {
      const { config, layers } = JSON.parse(store.content.read(digest).toString()) as Manifest
      for (const blob of [config, ...layers]) visit(blob)
    }
  }
  visit(root)
  return { here, missing }
}

/** Whether it is an image of the store for the platform. */
export function memberFits({ descriptor, image }: IndexMember, platform: Platform): boolean {
  if (!image) return false
  return platformMatches(descriptor.platform ?? { os: image.os, architecture: image.architecture }, platform)
}
