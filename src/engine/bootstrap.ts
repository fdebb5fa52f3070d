import { type BootstrapOptions, type Image, bootstrap as make } from '../images/mod.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

/** Makes a base image from a distribution's packages, without any registry. Throws `invalid`, `unavailable`, `failed`. */
export async function bootstrap(engine: Engine, options: BootstrapOptions): Promise<Image> {
  requireRoot('making a base image')
  return make(engine.store, engine.images, options)
}
