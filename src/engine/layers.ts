import { type SnapshotId, type Store, treeSize } from '../store/mod.ts'

/** The layers of a store, and what they take of the disk. */
export interface Layers {
  /** Bytes of the layer's files. */
  size(id: SnapshotId): number
  /** The layer and those that it stands on, the topmost first. */
  stack(id: SnapshotId | undefined | null): SnapshotId[]
  /** What stays as long as the layer does: its parent, and the layer that it lies over. */
  under(id: SnapshotId): SnapshotId[]
  /** The layers and all under them, each before what is under it. */
  below(tops: Iterable<SnapshotId | undefined | null>): Set<SnapshotId>
  /** Bytes that the layers take together, besides what those of `beside` take: a file that several of them share counts once. */
  space(ids: Iterable<SnapshotId>, beside?: LayerSet): number
}

export type LayerSet = Pick<ReadonlySet<SnapshotId>, 'has'>

export function readLayers({ snapshots }: Store): Layers {
  const known = new Map([...snapshots.walk()].map((snapshot) => [snapshot.id, snapshot]))
  const measured = new Map<SnapshotId, number>()
  const neighbours = readSharing(known.values())

  function size(id: SnapshotId): number {
    const bytes = known.get(id)?.layer?.size ?? measured.get(id) ?? treeSize(snapshots.dir(id))
    measured.set(id, bytes)
    return bytes
  }

  /**
   * Layers that share files form trees: each new one shares with one older. What two have in common is at most the least of
   * what is shared on the way from one to the other, and for neighbours just that.
   */
  function shared(id: SnapshotId, others: LayerSet): number {
    if (!neighbours.has(id)) return 0
    const seen = new Set([id])
    const search = (at: SnapshotId, most: number): number => {
      let best = 0
      for (const [next, bytes] of neighbours.get(at) ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        const common = Math.min(most, bytes)
        if (common > best) best = Math.max(best, others.has(next) ? common : search(next, common))
      }
      return best
    }
    return search(id, size(id))
  }

  function under(id: SnapshotId): SnapshotId[] {
    const { parent, sharing } = known.get(id) ?? {}
    return [parent, sharing?.over ? sharing.with : undefined].filter((each) => each !== undefined)
  }

  return {
    size,
    stack(top) {
      const ids: SnapshotId[] = []
      for (let id = top ?? undefined; id !== undefined; id = known.get(id)?.parent) ids.push(id)
      return ids
    },
    under,
    below(tops) {
      const found = new Set<SnapshotId>()
      const open = [...tops]
      while (open.length > 0) {
        const id = open.pop() ?? undefined
        if (id === undefined || found.has(id)) continue
        found.add(id)
        open.push(...under(id))
      }
      // What is under a layer is older.
      return new Set([...found].sort((a, b) => b - a))
    },
    space(ids, beside = new Set()) {
      const counted = new Set<SnapshotId>()
      const has = (id: SnapshotId) => counted.has(id) || beside.has(id)
      let bytes = 0
      for (const id of ids) {
        if (counted.has(id)) continue
        bytes += size(id) - shared(id, { has })
        counted.add(id)
      }
      return bytes
    },
  }
}

type Sharing = ReadonlyMap<SnapshotId, ReadonlyMap<SnapshotId, number>>

/** For each layer that shares files, with which others, and how many bytes. */
function readSharing(all: ReturnType<Store['snapshots']['walk']>): Sharing {
  const neighbours = new Map<SnapshotId, Map<SnapshotId, number>>()
  const add = (from: SnapshotId, to: SnapshotId, bytes: number) => {
    const known = neighbours.get(from)
    if (known) known.set(to, bytes)
    else neighbours.set(from, new Map([[to, bytes]]))
  }
  for (const { id, sharing } of all) {
    if (!sharing?.bytes) continue
    add(id, sharing.with, sharing.bytes)
    add(sharing.with, id, sharing.bytes)
  }
  return neighbours
}
