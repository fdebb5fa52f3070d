import type { BuildOptions, BuildResult } from '../build/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'

/** Builds an image from a Dockerfile. */
export async function build(_engine: Engine, _options: BuildOptions): Promise<BuildResult> {
  throw new StrakeError('unavailable', 'no builder')
}
