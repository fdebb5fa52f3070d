import { type HistoryEntry, imageHistory } from '../images/mod.ts'
import type { Platform } from '../oci/mod.ts'
import type { Engine } from './engine.ts'

/** What an image is made of, the newest first. Throws `not_found`. */
export function history(
  engine: Engine,
  options: { readonly image: string; readonly platform?: Platform | undefined },
): HistoryEntry[] {
  return imageHistory(engine.store, engine.images, engine.images.get(options.image, options.platform))
}
