import { type SavedImage, saveArchive } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { isDigest, parseReference, referenceString } from '../oci/mod.ts'
import type { Engine } from './engine.ts'

export interface SaveOptions {
  /** Names, which are kept in the archive, or ids. A name without a tag stands for all tags of the repository. */
  readonly images: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** The tar of an archive of images, for docker and for OCI tools alike. Throws `not_found` before anything is written. */
export function save(engine: Engine, options: SaveOptions): AsyncIterable<Uint8Array> {
  const found = new Map<string, SavedImage>()
  const add = (entry: SavedImage) => {
    const names = [...(found.get(entry.image.id)?.names ?? []), ...entry.names]
    found.set(entry.image.id, { image: entry.image, names: [...new Set(names)].sort() })
  }
  for (const text of options.images) for (const entry of resolve(engine, text)) add(entry)
  if (found.size === 0) throw new StrakeError('invalid', 'no images to save')
  return saveArchive(engine.images, engine.store, [...found.values()], options.signal)
}

function resolve({ images }: Engine, text: string): SavedImage[] {
  const name = isDigest(text) ? undefined : readName(text)
  if (name && !name.digest && !/:[^/]*$/.test(text)) {
    const prefix = `${name.registry}/${name.repository}:`
    const all = images.list().map((image) => ({ image, names: image.names.filter((n) => n.startsWith(prefix)) }))
    const named = all.filter(({ names }) => names.length > 0)
    if (named.length > 0) return named
  }
  const image = images.get(text)
  const whole = name?.tag && referenceString(name)
  return [{ image, names: whole && image.names.includes(whole) ? [whole] : [] }]
}

function readName(text: string) {
  try {
    return parseReference(text)
  } catch (error) {
    if (error instanceof StrakeError) return undefined
    throw error
  }
}
