import { parseReference } from '../oci/mod.ts'
import type { Engine } from './engine.ts'

/** Gives an image one more name; whatever had the name loses it. Throws `not_found`, `invalid`. */
export function tag(engine: Engine, options: { readonly source: string; readonly target: string }): void {
  const image = engine.images.get(options.source)
  engine.images.tag(image, parseReference(options.target))
}
