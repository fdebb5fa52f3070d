import { StrakeError } from '../lib/mod.ts'
import { type Digest, isIndexType } from '../oci/mod.ts'
import {
  annotateList,
  createList,
  inspectManifest,
  listDocument,
  type ManifestOptions,
  pushList,
  removeList,
} from '../registry/mod.ts'
import type { Engine } from './engine.ts'

type Options<F extends (...args: never[]) => unknown> = Parameters<F>[1]

/** Begins an index of images that registries have. Throws `conflict` for one that is there, without `amend`. */
export function manifestCreate({ store }: Engine, options: Options<typeof createList>): Promise<void> {
  return createList(store, options)
}

/** Says for which platform an image of an index is. Throws `not_found`. */
export function manifestAnnotate({ store }: Engine, options: Options<typeof annotateList>): void {
  annotateList(store, options)
}

/** Sends an index to its registry, and gives its digest. Throws `not_found`, `denied`, `unavailable`. */
export function manifestPush({ store }: Engine, options: Options<typeof pushList>): Promise<Digest> {
  return pushList(store, options)
}

/** Forgets an index that was begun. Throws `not_found`. */
export function manifestRemove({ store }: Engine, name: string): void {
  removeList(store, name)
}

export interface InspectedManifest {
  /** Undefined for an index that is being put together here. */
  readonly digest: Digest | undefined
  readonly mediaType: string | undefined
  readonly text: string
  readonly isIndex: boolean
}

/**
 * A manifest: of an index that is being put together here, as its registry has it, or, where no registry has that name, of what it
 * stands for in the store. Throws `not_found`, `unavailable`.
 */
export async function manifestInspect(
  { store, images }: Engine,
  { name, ...options }: ManifestOptions & { readonly name: string },
): Promise<InspectedManifest> {
  const begun = listDocument(store, name)
  if (begun !== undefined) return { digest: undefined, mediaType: undefined, text: begun, isIndex: true }
  try {
    const { descriptor, bytes, isIndex } = await inspectManifest(name, options)
    return { digest: descriptor.digest, mediaType: descriptor.mediaType, text: bytes.toString(), isIndex }
  } catch (error) {
    const here = images.index(name) ?? images.find(name)
    const isElsewhere = error instanceof StrakeError && error.code !== 'cancelled' && error.code !== 'corrupt'
    if (!here || !isElsewhere) throw error
    const { digest, mediaType } = here.manifest
    return { digest, mediaType, text: store.content.read(digest).toString(), isIndex: isIndexType(mediaType) }
  }
}
