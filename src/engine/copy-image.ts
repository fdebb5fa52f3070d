import type { Digest } from '../oci/mod.ts'
import { type CopyImageOptions, copyImage as copy } from '../registry/mod.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

/** Copies an image between registries, the store, layouts and archives. See `copyImage` of the registry module. */
export async function copyImage(engine: Engine, options: CopyImageOptions): Promise<Digest> {
  if (/^local:/.test(options.from) || /^local:/.test(options.to)) requireRoot('packing and unpacking images')
  return copy(engine.store, engine.images, options)
}
