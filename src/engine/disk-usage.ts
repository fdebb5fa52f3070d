import { join } from 'node:path'
import { listCacheMounts } from '../build/mod.ts'
import { type Container, type ContainerState, listContainers } from '../containers/mod.ts'
import type { Image } from '../images/mod.ts'
import { type SnapshotId, type Store, treeSize } from '../store/mod.ts'
import type { Engine } from './engine.ts'

/** Sizes are bytes, times milliseconds since the epoch. */
export interface DiskUsage {
  readonly images: Usage<ImageUsage>
  readonly containers: Usage<ContainerUsage>
  readonly volumes: Usage<VolumeUsage>
  readonly buildCache: Usage<CacheUsage>
}

export interface Usage<Item> {
  readonly total: number
  readonly active: number
  readonly size: number
  readonly reclaimable: number
  readonly items: readonly Item[]
}

export interface ImageUsage {
  readonly image: Image
  /** Of layers that other images have too, and of the others. */
  readonly sharedSize: number
  readonly uniqueSize: number
  /** How many containers were made of it. */
  readonly containers: number
}

export interface ContainerUsage {
  readonly id: string
  readonly name: string
  /** As the person named it. */
  readonly image: string
  readonly command: readonly string[]
  readonly createdAt: number
  readonly size: number
  readonly volumes: number
  readonly state: ContainerState
}

export interface VolumeUsage {
  readonly name: string
  /** How many containers mount it. */
  readonly links: number
  readonly size: number
}

/** What a build step left in the cache: a layer, under one key or several (`regular`), or a cache mount. */
export interface CacheUsage {
  readonly id: string
  readonly type: 'regular' | 'exec.cachemount'
  /** What made it: `RUN make`. */
  readonly description: string
  readonly size: number
  readonly createdAt: number
  readonly usedAt: number
  readonly uses: number
  /** It is a layer of an image or a container, too. */
  readonly shared: boolean
  /** A process that runs now holds it. */
  readonly inUse: boolean
}

/**
 * What takes how much space, as docker counts it. A layer counts once: for the images if any of them has it, else for the
 * build cache. Containers and volumes are measured on disk.
 */
export async function systemDf(engine: Engine): Promise<DiskUsage> {
  const { store, images } = engine
  const layers = readLayers(store)
  const containers = await listContainers(engine)
  return {
    images: imageUsage(store, images.list(), { layers, containers }),
    containers: containerUsage(store, containers),
    volumes: volumeUsage(store, containers),
    buildCache: cacheUsage(store, layers),
  }
}

/** The build cache's part of `systemDf`. */
export function buildCacheUsage({ store }: Engine): Usage<CacheUsage> {
  return cacheUsage(store, readLayers(store))
}

interface Layers {
  size(id: SnapshotId): number
  /** The snapshots and all below them. */
  below(tops: Iterable<SnapshotId | undefined>): Set<SnapshotId>
}

function readLayers({ snapshots }: Store): Layers {
  const known = new Map([...snapshots.walk()].map((snapshot) => [snapshot.id, snapshot]))
  const measured = new Map<SnapshotId, number>()
  return {
    size(id) {
      const size = known.get(id)?.layer?.size ?? measured.get(id) ?? treeSize(snapshots.dir(id))
      measured.set(id, size)
      return size
    },
    below(tops) {
      const found = new Set<SnapshotId>()
      for (const top of tops) {
        for (let id = top; id !== undefined && !found.has(id); id = known.get(id)?.parent) found.add(id)
      }
      return found
    },
  }
}

/** The blobs that each image keeps, and those of the indexes that hold it. */
const keptBlobs = `
  SELECT image, digest, size FROM (
    SELECT image, digest FROM image_blobs UNION
    SELECT image, digest FROM index_blobs JOIN index_images USING (index_digest)
  ) JOIN blobs USING (digest)`

function imageUsage(
  store: Store,
  images: readonly Image[],
  { layers, containers }: { readonly layers: Layers; readonly containers: readonly Container[] },
): Usage<ImageUsage> {
  const owners = new Map<SnapshotId, number>()
  const stacks = images.map((image) => [...layers.below([image.snapshot])])
  for (const id of stacks.flat()) owners.set(id, (owners.get(id) ?? 0) + 1)
  const items = images.map((image, i) => {
    const [shared, unique] = [
      stacks[i]!.filter((id) => owners.get(id)! > 1),
      stacks[i]!.filter((id) => owners.get(id) === 1),
    ]
    return {
      image,
      sharedSize: sum(shared, layers.size),
      uniqueSize: sum(unique, layers.size),
      containers: containers.filter((container) => container.image === image.id).length,
    }
  })
  const spaceOf = (some: readonly ImageUsage[]) => {
    const ids = new Set(some.map(({ image }) => image.id))
    const blobs = new Map<string, number>()
    for (const row of store.db.prepare(keptBlobs).all()) {
      if (ids.has(row.image as Image['id'])) blobs.set(String(row.digest), Number(row.size))
    }
    const stack = layers.below(some.map(({ image }) => image.snapshot))
    return sum(stack, layers.size) + sum(blobs.values(), (size) => size)
  }
  const active = items.filter((item) => item.containers > 0)
  const size = spaceOf(items)
  return { total: items.length, active: active.length, size, reclaimable: size - spaceOf(active), items }
}

function containerUsage({ snapshots }: Store, containers: readonly Container[]): Usage<ContainerUsage> {
  const items = containers.map(({ id, name, snapshot, createdAt, settings, state }) => ({
    id,
    name,
    image: settings.image,
    command: [...settings.entrypoint, ...settings.command],
    createdAt,
    size: snapshot === undefined ? 0 : treeSize(snapshots.dir(snapshot)),
    volumes: settings.mounts.filter((mount) => mount.kind === 'volume').length,
    state,
  }))
  return usage(items, { active: (item) => item.state.kind === 'running', size: (item) => item.size })
}

function volumeUsage({ db, root }: Store, containers: readonly Container[]): Usage<VolumeUsage> {
  const links = new Map<string, number>()
  for (const { settings } of containers) {
    const mounted = settings.mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.name] : []))
    for (const name of new Set(mounted)) links.set(name, (links.get(name) ?? 0) + 1)
  }
  const items = db
    .prepare('SELECT name FROM volumes ORDER BY name')
    .all()
    .map((row) => String(row.name))
    .map((name) => ({ name, links: links.get(name) ?? 0, size: treeSize(join(root, 'volumes', name)) }))
  return usage(items, { active: (item) => item.links > 0, size: (item) => item.size })
}

function cacheUsage(store: Store, layers: Layers): Usage<CacheUsage> {
  const { db } = store
  const ids = (text: string) =>
    db
      .prepare(text)
      .all()
      .map((row) => Object.values(row)[0] as SnapshotId)
  const shared = layers.below(
    ids('SELECT snapshot FROM images UNION SELECT snapshot FROM containers').filter((id) => id !== null),
  )
  const held = layers.below(ids('SELECT snapshot FROM lease_snapshots'))
  const rows = db
    .prepare(
      `SELECT snapshot AS id, max(description) AS description, min(created_at) AS createdAt, max(used_at) AS usedAt,
         max(uses) AS uses
       FROM cache WHERE snapshot IS NOT NULL GROUP BY snapshot ORDER BY usedAt, id`,
    )
    .all()
    .map((row) => row as unknown as Omit<CacheUsage, 'id' | 'type' | 'size' | 'shared' | 'inUse'> & { id: SnapshotId })
  const steps = rows.map(
    ({ id, ...row }): CacheUsage => ({
      ...row,
      id: String(id),
      type: 'regular',
      size: layers.size(id),
      shared: shared.has(id),
      inUse: held.has(id),
    }),
  )
  const mounts = listCacheMounts(store).map(
    ({ id, name, path, ...mount }): CacheUsage => ({
      ...mount,
      id: `m${id}`,
      type: 'exec.cachemount',
      description: `cache mount ${name} of ${mount.description}`,
      size: treeSize(path),
      shared: false,
    }),
  )
  // What a record stands on is only there for its sake, where no image has it.
  const own = [...layers.below(rows.map(({ id }) => id))].filter((id) => !shared.has(id))
  const items = [...steps, ...mounts]
  const sizeOf = (mount: CacheUsage) => mount.size
  return {
    total: items.length,
    active: items.filter((item) => item.inUse).length,
    size: sum(own, layers.size) + sum(mounts, sizeOf),
    reclaimable:
      sum(
        own.filter((id) => !held.has(id)),
        layers.size,
      ) +
      sum(
        mounts.filter(({ inUse }) => !inUse),
        sizeOf,
      ),
    items,
  }
}

function usage<Item>(
  items: readonly Item[],
  { active, size }: { active: (item: Item) => boolean; size: (item: Item) => number },
): Usage<Item> {
  const idle = items.filter((item) => !active(item))
  return {
    total: items.length,
    active: items.length - idle.length,
    size: sum(items, size),
    reclaimable: sum(idle, size),
    items,
  }
}

function sum<Item>(items: Iterable<Item>, size: (item: Item) => number): number {
  let total = 0
  for (const item of items) total += size(item)
  return total
}
