import { type BuildResult, buildGraph as build, type Filesystem, type GraphOptions } from '../build/mod.ts'
import type { Engine } from './engine.ts'
import { collecting } from './gc.ts'
import { requireRoot } from './require-root.ts'

/**
 * Builds an image of a graph that a program made (`graph.image`, `graph.run`, …), and names it. Cache, progress, history and
 * failures are those of `build`.
 */
export async function buildGraph(
  engine: Engine,
  filesystem: Filesystem,
  options: GraphOptions = {},
): Promise<BuildResult> {
  requireRoot('building')
  return collecting(engine, options, () => build(engine.store, engine.images, { filesystem, options }))
}
