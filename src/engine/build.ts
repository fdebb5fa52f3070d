import { type BuildOptions, type BuildResult, build as buildImage } from '../build/mod.ts'
import type { Engine } from './engine.ts'

/**
 * Builds an image from a Dockerfile, and names it.
 *
 * Throws `failed` when a step fails (its finished predecessors stay in the cache), `invalid` with a source range for a wrong
 * Dockerfile, `not_found` for a base, a file or a stage that is not there, and `cancelled` when the signal fires.
 */
export function build(engine: Engine, options: BuildOptions): Promise<BuildResult> {
  return buildImage(engine.store, engine.images, options)
}
