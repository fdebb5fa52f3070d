import {
  type Descriptor,
  type Digest,
  forThisMachine,
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
import type { Image, IndexMember } from './types.ts'

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

/** The most indexes in one another that are followed. */
const maxDepth = 8

/** The blob and all that it names: what of it is here, and what is not. Manifests must have been read by a parser before. */
export function contentBelow(
  store: Store,
  root: Descriptor,
): { readonly here: ReadonlySet<Digest>; readonly missing: ReadonlySet<Digest> } {
  const [here, missing] = [new Set<Digest>(), new Set<Digest>()]
  const look = ({ digest }: Descriptor): boolean => {
    const isHere = store.content.info(digest) !== undefined
    ;(isHere ? here : missing).add(digest)
    return isHere
  }
  const visit = (descriptor: Descriptor, depth: number) => {
    const { digest, mediaType } = descriptor
    if (here.has(digest) || depth > maxDepth || !look(descriptor)) return
    if (isIndexType(mediaType)) {
      for (const member of readIndex(store, digest).manifests) visit(member, depth + 1)
    } else if (isImageType(mediaType)) {
      const { config, layers } = JSON.parse(store.content.read(digest).toString()) as Manifest
      for (const blob of [config, ...layers]) look(blob)
    }
  }
  visit(root, 0)
  return { here, missing }
}

/** The image of the store for this machine, or else the first that is here. */
export function mainMember(members: readonly IndexMember[]): (IndexMember & { readonly image: Image }) | undefined {
  const here = members.flatMap(({ descriptor, image }) => (image ? [{ descriptor, image }] : []))
  return forThisMachine(here, platformOf)
}

/** Whether it is an image of the store for the platform. */
export function memberFits({ descriptor, image }: IndexMember, platform: Platform): boolean {
  return image !== undefined && platformMatches(platformOf({ descriptor, image }), platform)
}

function platformOf({ descriptor, image }: IndexMember & { readonly image: Image }): Platform {
  return descriptor.platform ?? { os: image.os, architecture: image.architecture }
}
