import type { History } from '../oci/mod.ts'
import type { Snapshot, Store } from '../store/mod.ts'
import { canonicalJson } from './json.ts'
import type { HistoryEntry, Image, Images } from './types.ts'

/**
 * What the image is made of, the newest first: instructions that added no layer included. An image without history shows
 * one entry for each layer.
 */
export function imageHistory(store: Store, images: Images, image: Image): HistoryEntry[] {
  const config = images.config(image)
  const stack = store.snapshots.ancestry(image.snapshot).reverse()
  const history: readonly History[] = config.history ?? stack.map(() => ({}))
  const ends = knownEnds(images, image, { history, stack })
  let layer = 0
  return history
    .map((entry, i): HistoryEntry => {
      const size = entry.empty_layer ? 0 : (stack[layer++]?.layer?.size ?? 0)
      const end = i === history.length - 1 ? image : ends.get(i)
      return { ...entry, id: end?.id, size, names: end?.names ?? [] }
    })
    .reverse()
}

/** Images whose whole history is the beginning of this one's, by the place of their last entry. */
function knownEnds(
  images: Images,
  image: Image,
  { history, stack }: { history: readonly object[]; stack: readonly Snapshot[] },
): Map<number, Image> {
  const ends = new Map<number, Image>()
  const own = history.map(canonicalJson)
  const layers = images.config(image).rootfs.diff_ids
  const below = new Set(stack.map(({ id }) => id))
  for (const other of images.list()) {
    if (other.id === image.id || (other.snapshot !== undefined && !below.has(other.snapshot))) continue
    const config = images.config(other)
    const length = config.history?.length ?? 0
    if (length === 0 || length >= own.length) continue
    if (!config.rootfs.diff_ids.every((id, i) => id === layers[i])) continue
    if (config.history!.every((entry, i) => canonicalJson(entry) === own[i])) ends.set(length - 1, other)
  }
  return ends
}
