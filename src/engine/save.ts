import { type SavedImage, saveArchive } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { isDigest, type Platform, parseReference, referenceString } from '../oci/mod.ts'
import type { Engine } from './engine.ts'

export interface SaveOptions {
  /** Names, which are kept in the archive, or ids. A name without a tag stands for all tags of the repository. */
  readonly images: readonly string[]
  /** Only the images for this platform. Without it, a name that stands for an index is saved with all of it that is here. */
  readonly platform?: Platform | undefined
  readonly signal?: AbortSignal | undefined
}

/** The tar of an archive of images, for docker and for OCI tools alike. Throws `not_found` before anything is written. */
export function save(engine: Engine, options: SaveOptions): AsyncIterable<Uint8Array> {
  const found = new Map<string, SavedImage>()
  const add = ({ image, index, names: more }: SavedImage) => {
    const key = index?.manifest.digest ?? image.id
    const names = [...(found.get(key)?.names ?? []), ...more]
    found.set(key, { image, index, names: [...new Set(names)].sort() })
  }
  for (const text of options.images) {
    for (const { image, names } of resolve(engine, text, options.platform)) {
      if (names.length === 0) add({ image, names })
      for (const name of names) {
        add({ image, names: [name], index: options.platform ? undefined : engine.images.index(name) })
      }
    }
  }
  if (found.size === 0) throw new StrakeError('invalid', 'no images to save')
  return saveArchive(engine.store, [...found.values()], options.signal)
}

function resolve({ images }: Engine, text: string, platform: Platform | undefined): SavedImage[] {
  const name = isDigest(text) ? undefined : readName(text)
  if (name && !name.digest && !/:[^/]*$/.test(text)) {
    const prefix = `${name.registry}/${name.repository}:`
    const names = images.list().flatMap((image) => image.names.filter((n) => n.startsWith(prefix)))
    if (names.length > 0) return names.map((own) => ({ image: images.get(own, platform), names: [own] }))
  }
  const whole = name?.tag && referenceString(name)
  const isName = whole && images.get(text).names.includes(whole)
  return [{ image: images.get(text, platform), names: isName ? [whole] : [] }]
}

function readName(text: string) {
  try {
    return parseReference(text)
  } catch (error) {
    if (error instanceof StrakeError) return undefined
    throw error
  }
}
