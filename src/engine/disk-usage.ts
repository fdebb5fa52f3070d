import { join } from 'node:path'
import { cacheMountSize } from '../build/mod.ts'
import { type Container, type ContainerState, listContainers } from '../containers/mod.ts'
import type { Image } from '../images/mod.ts'
import { type SnapshotId, type Store, treeSize } from '../store/mod.ts'
import { type CacheRecord, cacheLayers, readCacheRecords } from './cache-records.ts'
import type { Engine } from './engine.ts'
import { type Layers, readLayers } from './layers.ts'

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
  /** Bytes that other images have too (or the image itself more than once), and those that would go with it. */
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

/** A record of the build cache with the bytes of its own layer, or of a mount's files. */
export interface CacheUsage extends CacheRecord {
  readonly size: number
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
    const own = new Set(stacks[i]!.filter((id) => owners.get(id) === 1))
    const uniqueSize = layers.space(own, { has: (id) => owners.has(id) && !own.has(id) })
    return {
      image,
      sharedSize: sum(layers.stack(image.snapshot), layers.size) - uniqueSize,
      uniqueSize,
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
    return layers.space(stack) + sum(blobs.values(), (size) => size)
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

/** The build cache's part of `systemDf`. */
export function cacheUsage(store: Store, layers: Layers): Usage<CacheUsage> {
  const records = readCacheRecords(store, layers)
  const items = records.map((record): CacheUsage => {
    const { snapshot, mount } = record
    return { ...record, size: mount ? cacheMountSize(store, mount) : layers.size(snapshot!) }
  })
  const { own, others, held } = cacheLayers(store, layers, records)
  const spaceOf = (inUse: boolean) =>
    layers.space(inUse ? own.filter((id) => held.has(id)) : own, others) +
    sum(items, (item) => (item.type === 'exec.cachemount' && (item.inUse || !inUse) ? item.size : 0))
  const size = spaceOf(false)
  const active = items.filter((item) => item.inUse).length
  return { total: items.length, active, size, reclaimable: size - spaceOf(true), items }
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
