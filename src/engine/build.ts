import { type BuildOptions, type BuildResult, build as buildImage } from '../build/mod.ts'
import type { Engine } from './engine.ts'
import { collecting } from './gc.ts'
import { requireRoot } from './require-root.ts'

/**
 * Builds an image from a Dockerfile, and names it.
 *
 * Throws `denied` for users who are not root, `failed` when a step fails (its finished predecessors stay in the cache), `invalid` with a source range for a wrong
 * Dockerfile, `not_found` for a base, a file or a stage that is not there, and `cancelled` when the signal fires.
 */
export async function build(engine: Engine, options: BuildOptions): Promise<BuildResult> {
  requireRoot('building')
  return collecting(engine, options, () => buildImage(engine.store, engine.images, options))
}
