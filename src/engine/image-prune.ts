import type { Engine } from './engine.ts'
import { parseFilters } from './filters.ts'
import { usersOf } from './image-users.ts'
import { imageFilter, shownName } from './images.ts'
import { dropUnused, type RemovedImages } from './rmi.ts'

export interface ImagePruneOptions {
  /** Also images with names, if no container uses them. */
  readonly all?: boolean | undefined
  /** `until=`, `label=`, `label!=`, `dangling=`. */
  readonly filters?: readonly string[]
}

/** Removes images without a name (or all) that no container uses, and what nothing refers to any more. */
export function imagePrune(engine: Engine, options: ImagePruneOptions = {}): RemovedImages {
  const texts = options.filters ?? []
  const without = texts.filter((text) => text.startsWith('label!=')).map((text) => text.slice('label!='.length))
  const filters = parseFilters(
    texts.filter((text) => !text.startsWith('label!=')),
    ['until', 'label', 'dangling'],
  )
  const fits = imageFilter(engine, new Map([...filters].filter(([key]) => key !== 'dangling')))
  const all = options.all || filters.get('dangling')?.some((value) => /^(?:0|f|false)$/i.test(value))
  const excluded = without.map((label) => imageFilter(engine, new Map([['label', [label]]])))
  const { untagged, deleted } = engine.store.transaction(() => {
    const unused = engine.images
      .list()
      .filter((image) => (image.names.length === 0 ? !image.isMember : all))
      .filter((image) => fits(image) && !excluded.some((has) => has(image)))
      .map((image) => ({ image, siblings: engine.images.siblings(image) }))
      .filter(({ image, siblings }) => [image, ...siblings].every((used) => usersOf(engine, used).length === 0))
    for (const { image } of unused) engine.images.remove(image)
    const gone = [
      ...unused.map(({ image }) => image),
      ...unused.flatMap(({ siblings }) => dropUnused(engine, siblings).map(({ image }) => image)),
    ]
    return {
      untagged: gone.flatMap((image) => [...image.names, ...image.digests].map(shownName)),
      deleted: gone.map((image) => image.id),
    }
  })
  return { untagged, deleted, bytes: engine.store.collect().bytes }
}
