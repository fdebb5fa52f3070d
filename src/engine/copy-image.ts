import { StrakeError } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import { type CopyImageOptions, copyImage as copy } from '../registry/mod.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

/** Copies an image between registries, the store, layouts and archives. See `copyImage` of the registry module. */
export async function copyImage(engine: Engine, options: CopyImageOptions): Promise<Digest> {
  if (/^local:/.test(options.from) || /^local:/.test(options.to)) requireRoot('packing and unpacking images')
  try {
    return await copy(engine.store, engine.images, options)
  } catch (error) {
    // Where people mean the store, as everywhere else, and a registry is asked.
    if (!(error instanceof StrakeError) || error.code === 'cancelled') throw error
    if (!engine.images.find(options.from)) throw error
    const hint = [`The image of that name in the store is local:${options.from}`, error.hint].filter(Boolean).join('\n')
    throw new StrakeError(error.code, error.message, { hint, cause: error })
  }
}
