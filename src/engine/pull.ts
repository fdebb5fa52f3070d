import { StrakeError } from '../lib/mod.ts'
import { parseReference, referenceString } from '../oci/mod.ts'
import { openRegistries, type PulledImage, type PullOptions, pullImage } from '../registry/mod.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

/** Fetches an image from its registry. See `pullImage`; also throws `denied` for users who are not root. */
export async function pull(engine: Engine, options: PullOptions): Promise<PulledImage> {
  requireRoot('pulling an image')
  return pullImage(engine.store, engine.images, options)
}

/** Fetches all tags of a repository, one after the other. */
export async function* pullAll(engine: Engine, options: PullOptions): AsyncGenerator<PulledImage> {
  requireRoot('pulling an image')
  const { registry, repository, tag, digest } = parseReference(options.reference)
  if (digest || (tag && /:[^/]*$/.test(options.reference))) {
    throw new StrakeError('invalid', "tag can't be used with --all-tags/-a")
  }
  const tags: string[] = []
  {
    using registries = openRegistries(options)
    for await (const name of registries.repository(registry, repository, { access: 'pull' }).tags()) tags.push(name)
  }
  for (const name of tags.sort()) {
    yield await pullImage(engine.store, engine.images, {
      ...options,
      reference: referenceString({ registry, repository, tag: name }),
    })
  }
}
