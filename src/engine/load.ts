import { type LoadedImage, type LoadOptions, loadArchive } from '../images/mod.ts'
import type { Engine } from './engine.ts'

export interface LoadArchiveOptions extends LoadOptions {
  /** The archive's bytes, or its path. */
  readonly source: AsyncIterable<Uint8Array> | string
}

/** Takes the images of an archive into the store. See `loadArchive`. */
export function load(engine: Engine, { source, ...options }: LoadArchiveOptions): Promise<LoadedImage[]> {
  return loadArchive(engine.store, engine.images, source, options)
}
