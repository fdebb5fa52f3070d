import { type LoadedImage, type LoadOptions, loadArchive } from '../images/mod.ts'
import { checkFile } from './check-file.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

export interface LoadArchiveOptions extends LoadOptions {
  /** The archive's bytes, or its path. */
  readonly source: AsyncIterable<Uint8Array> | string
}

/** Takes the images of an archive into the store. See `loadArchive`; also throws `not_found` for the path. */
export async function load(engine: Engine, { source, ...options }: LoadArchiveOptions): Promise<LoadedImage[]> {
  requireRoot('loading an image')
  if (typeof source === 'string') checkFile(source)
  return loadArchive(engine.store, engine.images, source, options)
}
