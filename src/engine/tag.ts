import { parseReference } from '../oci/mod.ts'
import type { Engine } from './engine.ts'

/** Gives an image one more name; whatever had the name loses it. Throws `not_found`, `invalid`. */
export function tag(engine: Engine, options: { readonly source: string; readonly target: string }): void {
  const { images } = engine
  const image = images.get(options.source)
  const target = parseReference(options.target)
  const index = images.index(options.source)
  if (index && target.tag) images.tagIndex(index, target)
  else images.tag(image, target)
}
