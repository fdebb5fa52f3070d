import { StrakeError } from '../lib/mod.ts'
import { familiarName, parseReference } from '../oci/mod.ts'
import { type PushedImage, type PushOptions, pushImage } from '../registry/mod.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

/** Sends an image to the registry of its name. See `pushImage`; also throws `denied` for users who are not root. */
export async function push(engine: Engine, options: PushOptions): Promise<PushedImage> {
  requireRoot('pushing an image')
  return pushImage(engine.store, engine.images, options)
}

/** The tags of a repository that are here. Throws `not_found` when there is none, `invalid` for a name with a tag. */
export function localTags({ images }: Engine, repository: string): string[] {
  const reference = parseReference(repository)
  if (reference.digest || /:[^/]*$/.test(repository)) {
    throw new StrakeError('invalid', "tag can't be used with --all-tags/-a")
  }
  const prefix = `${reference.registry}/${reference.repository}:`
  const names = images.list().flatMap((image) => image.names.filter((name) => name.startsWith(prefix)))
  if (names.length > 0) return names.sort()
  throw new StrakeError('not_found', `An image does not exist locally with the tag: ${familiarName(reference)}`)
}
