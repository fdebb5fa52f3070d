import { canonicalJson, type Images } from '../../images/mod.ts'
import { limiter, StrakeError, settled } from '../../lib/mod.ts'
import { type ChainId, type Descriptor, type DiffId, type Digest, digestOf, mediaTypes } from '../../oci/mod.ts'
import {
  copyBlob,
  layerTypeIn,
  openRegistries,
  packSnapshot,
  type Repository,
  StoreBlobs,
  type Target,
} from '../../registry/mod.ts'
import type { Workspace } from '../execution.ts'
import { shown } from '../outputs/export.ts'
import { buildkitRecords } from './buildkit-records.ts'
import { cacheConfigType, printCacheConfig } from './config.ts'
import type { FinishedSteps } from './finished.ts'
import type { Imports } from './import.ts'
import { type GatheredStep, gatherLayers, type StackLayer } from './layers.ts'
import { type KeptStep, ownRecords, resultOf } from './own-records.ts'
import { type CachePlace, openPlace } from './place.ts'
import { createdAnnotation, diffIdAnnotation, type RemoteCache, readPlace } from './read.ts'
import type { CacheForm, CacheTarget } from './types.ts'

export interface Exporting {
  readonly workspace: Workspace
  readonly images: Images
  readonly finished: FinishedSteps
  /** Caches that the build had: what it did not need is handed on without being fetched. */
  readonly imports: Imports | undefined
  /** Of a build that failed: what was there before stays, too. */
  readonly failed: boolean
}

/** Exports a build's cache to all targets. What fails is a warning where it may, or where the build has failed anyway. */
export async function exportCaches(exporting: Exporting, targets: readonly Exported[]): Promise<void> {
  const { failed, workspace } = exporting
  for (const target of targets) {
    try {
      await exportCache(exporting, target)
    } catch (error) {
      if (!(failed || target.ignoreError) || !(error instanceof StrakeError) || error.code === 'cancelled') throw error
      workspace.progress({ kind: 'notice', level: 'warning', message: `exporting the cache: ${error.message}` })
    }
  }
}

type Exported = Exclude<CacheTarget, { kind: 'inline' }>

/**
 * Puts a build's cache where other builds find it. Only layers that are not there yet move. Throws as pushing an image does.
 */
async function exportCache(exporting: Exporting, to: Exported): Promise<void> {
  const { workspace, images, finished } = exporting
  const { signal } = workspace
  using registries = openRegistries({ signal })
  const place = openPlace(to, { registries, access: 'push', images })
  const what = to.kind === 'registry' ? 'registry' : 'client directory'
  await shown(workspace, `exporting cache to ${what}`, async () => {
    const before = await present(place)
    const lacks = finished.steps.some(({ snapshot }) => snapshot === undefined)
    const caches = [...before, ...((lacks && (await exporting.imports?.caches())) || [])]
    const { steps, known } = gatherLayers(workspace.store, finished, {
      caches,
      mode: to.mode ?? 'min',
      kept: exporting.failed ? before : [],
    })
    const blobs = await sendLayers(steps, { exporting, place, caches, form: to })
    await sendConfig(place, { steps, known, blobs, form: to })
  })
}

/** What is there now. A place that does not answer will say so when something is sent. */
async function present(place: CachePlace): Promise<RemoteCache[]> {
  try {
    return await readPlace(place)
  } catch (error) {
    if (error instanceof StrakeError && error.code !== 'cancelled') return []
    throw error
  }
}

interface Sending {
  readonly exporting: Exporting
  readonly place: CachePlace
  readonly caches: readonly RemoteCache[]
  readonly form: CacheForm
}

/** Sees to it that the layers are there; those that nobody has any more are left out. */
async function sendLayers(steps: readonly GatheredStep[], sending: Sending): Promise<Map<DiffId, Descriptor>> {
  const blobs = new Map<DiffId, Descriptor>()
  const layers = new Map<DiffId, StackLayer>()
  for (const { top } of steps) {
    for (let layer: StackLayer | undefined = top; layer; layer = layer.parent) {
      // Of the same layer in two stacks, one that is here.
      if (layer.local || !layers.has(layer.diffId)) layers.set(layer.diffId, layer)
    }
  }
  const limit = limiter(3)
  await settled(
    [...layers.values()].map((layer) =>
      limit(async () => {
        sending.exporting.workspace.signal?.throwIfAborted()
        const blob = await sendLayer(layer, sending)
        if (blob) blobs.set(layer.diffId, blob)
      }),
    ),
  )
  return blobs
}

async function sendLayer({ diffId, local }: StackLayer, sending: Sending): Promise<Descriptor | undefined> {
  const { place, caches, form, exporting } = sending
  const { store, lease, signal } = exporting.workspace
  const { target } = place
  const known = caches.flatMap((cache) => {
    const blob = cache.blobOf(diffId)
    return blob && isFit(blob, form) ? [{ blob, cache }] : []
  })
  for (const { blob } of known) if (await target.exists(blob)) return blob
  if (local) {
    const { compression, level, force } = form
    const onLayer = isRepository(target)
      ? (_: DiffId, growing: Parameters<Repository['pushGrowing']>[0]) => target.pushGrowing(growing)
      : undefined
    const blob = await packSnapshot({ store, lease }, local, { compression, level, force, signal, onLayer })
    await copyBlob(new StoreBlobs(store, lease), target, blob)
    return blob
  }
  for (const { blob, cache } of known) {
    try {
      await copyBlob(cache.blobs, target, blob)
      return blob
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code !== 'not_found') throw error
    }
  }
  return undefined
}

function isRepository(target: Target): target is Repository {
  return 'pushGrowing' in target
}

function isFit({ mediaType }: Descriptor, { compression = 'gzip', force, mediaTypes: family }: CacheForm): boolean {
  const own = /gzip$/.test(mediaType) ? 'gzip' : /zstd$/.test(mediaType) ? 'zstd' : 'none'
  if (family === 'docker' && own === 'zstd') return false
  return !force || own === compression
}

/** Sends what says which layers belong to which keys, and gives it its name. */
async function sendConfig(
  { target, reference }: CachePlace,
  {
    steps,
    known,
    blobs,
    form,
  }: {
    readonly steps: readonly GatheredStep[]
    readonly known: readonly string[]
    readonly blobs: ReadonlyMap<DiffId, Descriptor>
    readonly form: CacheForm
  },
): Promise<void> {
  const places = new Map<ChainId, number>()
  const layers: { blob: Digest; parent: number }[] = []
  const descriptors = new Map<Digest, Descriptor>()

  /** The place of a layer; undefined where it, or one below it, could not be had. */
  function placeOf(layer: StackLayer): number | undefined {
    const known = places.get(layer.chainId)
    if (known !== undefined) return known
    const blob = blobs.get(layer.diffId)
    const parent = layer.parent ? placeOf(layer.parent) : -1
    if (!blob || parent === undefined) return undefined
    const { digest, size } = blob
    const { mediaType } = form.mediaTypes ? { mediaType: layerTypeIn(blob, form) } : blob
    const annotations = {
      [diffIdAnnotation]: layer.diffId,
      ...(layer.createdAt !== undefined && { [createdAnnotation]: new Date(layer.createdAt).toISOString() }),
    }
    if (!descriptors.has(digest)) descriptors.set(digest, { mediaType, digest, size, annotations })
    layers.push({ blob: digest, parent })
    places.set(layer.chainId, layers.length - 1)
    return layers.length - 1
  }

  const kept = steps.flatMap(({ operation, keys, top }): KeptStep[] => {
    const layer = placeOf(top)
    return layer === undefined ? [] : [{ operation, keys, layer, createdAt: top.createdAt ?? 0 }]
  })
  const own = ownRecords(kept, known)
  const results = new Map(
    steps.flatMap(({ vertex, top }) => {
      const layer = placeOf(top)
      return vertex && layer !== undefined ? [[vertex, resultOf(layer, top.createdAt)] as const] : []
    }),
  )
  const records = [...own, ...buildkitRecords(results, own.length)]
  const config = printCacheConfig({ layers, records })
  const configBlob = await send(target, cacheConfigType, config)
  const docker = form.mediaTypes === 'docker'
  const whole = docker || form.manifest === 'index' ? 'index' : 'image'
  const mediaType = whole === 'image' ? mediaTypes.manifest : docker ? mediaTypes.dockerIndex : mediaTypes.index
  const content =
    whole === 'image'
      ? { config: configBlob, layers: [...descriptors.values()] }
      : { manifests: [...descriptors.values(), configBlob] }
  const manifest = await send(target, mediaType, canonicalJson({ schemaVersion: 2, mediaType, ...content }))
  await target.tag(manifest, reference)
}

async function send(target: Target, mediaType: string, text: string): Promise<Descriptor> {
  const bytes = Buffer.from(text)
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  async function* content() {
    yield bytes
  }
  if (!(await target.exists(descriptor))) await target.push(descriptor, content)
  return descriptor
}
