import { type BootstrapOptions, type Image, bootstrap as make } from '../images/mod.ts'
import type { Engine } from './engine.ts'

/** Makes a base image from a distribution's packages, without any registry. Throws `invalid`, `unavailable`, `failed`. */
export function bootstrap(engine: Engine, options: BootstrapOptions): Promise<Image> {
  return make(engine.store, engine.images, options)
}
