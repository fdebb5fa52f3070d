import { StrakeError } from '../../lib/mod.ts'
import { type ChainId, chain, type Descriptor, type DiffId, isDigest, isImageType } from '../../oci/mod.ts'
import { type Blobs, parseDocument, parseManifest, readContent } from '../../registry/mod.ts'
import { type BuildKitMatcher, buildkitMatcher } from './buildkit-match.ts'
import { type CacheConfig, type CacheRecord, cacheConfigType, parseCacheConfig, parseCacheRecords } from './config.ts'
import { operationOf } from './own-records.ts'
import type { CachePlace } from './place.ts'

/** A layer of a cache that somebody exported. */
export interface RemoteLayer {
  readonly descriptor: Descriptor
  readonly diffId: DiffId
  /** Of the layer on all that are below it. */
  readonly chainId: ChainId
  readonly parent: RemoteLayer | undefined
  /** Milliseconds since the epoch; undefined where nobody says. */
  readonly createdAt: number | undefined
}

/** A cache that somebody exported, as far as it can be used. Its blobs are still there. */
export interface RemoteCache {
  readonly name: string
  readonly blobs: Pick<Blobs, 'name' | 'fetch'>
  readonly records: readonly CacheRecord[]
  /** The results of the record under that key, the topmost layer of each. */
  results(key: string): RemoteLayer[]
  /** Whether there is a record under that key, with a result or without. */
  has(key: string): boolean
  /** The results of the record at that place. */
  resultsAt(place: number): RemoteLayer[]
  /** Finds the records that BuildKit wrote. */
  readonly buildkit: BuildKitMatcher
  /** Whether there is any of them. */
  readonly hasBuildKit: boolean
  /** Keys that have the same result by the same operation. */
  sameAs(key: string): string[]
  /** A blob that holds the layer. */
  blobOf(diffId: DiffId): Descriptor | undefined
}

/** What a record says of its layer, in the annotations of descriptors. */
export const diffIdAnnotation = 'containerd.io/uncompressed'
export const createdAnnotation = 'buildkit/createdat'

/** No file system takes more layers than that. */
const mostLayers = 500

/**
 * Reads what a manifest says of a cache: an export, as an image or an index, or the caches that images have in their
 * configuration. Throws `corrupt`, `not_found`, `unavailable`.
 */
export async function readCaches(blobs: Pick<Blobs, 'name' | 'fetch'>, root: Descriptor): Promise<RemoteCache[]> {
  const manifest = parseManifest(await readContent(blobs, root), root.mediaType)
  const children = manifest.kind === 'image' ? [manifest.config] : manifest.manifests
  const config = children.find(({ mediaType }) => mediaType === cacheConfigType)
  if (config) {
    const layers = manifest.kind === 'image' ? manifest.layers : children.filter((child) => child !== config)
    return [openCache(blobs, parseCacheConfig(await readContent(blobs, config)), layers)]
  }
  if (manifest.kind === 'image') return await readInline(blobs, manifest)
  const caches: RemoteCache[] = []
  for (const child of children) {
    if (!isImageType(child.mediaType)) continue
    const image = parseManifest(await readContent(blobs, child), child.mediaType)
    if (image.kind === 'image') caches.push(...(await readInline(blobs, image)))
  }
  return caches
}

/** As `readCaches`, of what the place has under its reference. */
export async function readPlace({ name, target, reference }: CachePlace): Promise<RemoteCache[]> {
  const blobs = { name, fetch: (descriptor: Descriptor, from?: number) => target.fetch(descriptor, from) }
  return readCaches(blobs, await target.resolve(reference))
}

/** The field of an image's configuration that holds the records of its cache, as BuildKit has it. */
export const inlineField = 'moby.buildkit.cache.v0'

/** The cache in the configuration of an image: its layers are those of the image. */
async function readInline(
  blobs: Pick<Blobs, 'name' | 'fetch'>,
  { config, layers }: { readonly config: Descriptor; readonly layers: readonly Descriptor[] },
): Promise<RemoteCache[]> {
  const image = parseDocument(await readContent(blobs, config))
  const field = image[inlineField]
  if (typeof field !== 'string') return []
  const records = parseCacheRecords(parseJson(Buffer.from(field, 'base64')))
  const { diff_ids: diffIds } = (image.rootfs ?? {}) as { diff_ids?: unknown }
  if (!Array.isArray(diffIds) || diffIds.length !== layers.length) {
    throw new StrakeError('corrupt', `invalid cache: ${blobs.name} has other layers than its configuration says`)
  }
  const history = Array.isArray(image.history) ? (image.history as Record<string, unknown>[]) : []
  const created = history.filter((entry) => entry?.empty_layer !== true).map((entry) => entry?.created)
  const described = layers.map((layer, i) => ({
    ...layer,
    annotations: {
      ...layer.annotations,
      [diffIdAnnotation]: String(diffIds[i]),
      ...(typeof created[i] === 'string' && { [createdAnnotation]: created[i] }),
    },
  }))
  const stack = layers.map(({ digest }, i) => ({ blob: digest, parent: i - 1 }))
  return [openCache(blobs, { layers: stack, records }, described, true)]
}

function parseJson(bytes: Uint8Array): unknown {
  // Records are a list; documents of that name are objects.
  return parseDocument(Buffer.concat([Buffer.from('{"records":'), bytes, Buffer.from('}')])).records
}

/** @param ordered whether `descriptors` are those of `layers`, in their order */
function openCache(
  blobs: Pick<Blobs, 'name' | 'fetch'>,
  { layers, records }: CacheConfig,
  descriptors: readonly Descriptor[],
  ordered = false,
): RemoteCache {
  const byDigest = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]))
  const byDiffId = new Map(descriptors.flatMap((found) => diffIdOf(found).map((id) => [id, found] as const)))
  const byKey = new Map<string, CacheRecord>()
  for (const record of records) {
    const known = byKey.get(record.digest)
    if (!known?.results.length) byKey.set(record.digest, record)
  }
  // A record knows better than its blob, which may stand in other stacks too.
  const created = new Map<number, number | undefined>()
  for (const { results } of records) for (const { layer, createdAt } of results) created.set(layer, timeOf(createdAt))
  const opened = new Map<number, RemoteLayer | undefined>()

  /** The layer with those below it; undefined where one of them lacks something, or stands on itself. */
  function layer(top: number): RemoteLayer | undefined {
    const path: number[] = []
    let below: RemoteLayer | undefined
    for (let at = top; at >= 0; at = layers[at]!.parent) {
      if (opened.has(at)) {
        below = opened.get(at)
        if (!below) return undefined
        break
      }
      if (!layers[at] || path.length >= mostLayers) return undefined
      path.push(at)
    }
    for (const at of path.reverse()) {
      const descriptor = ordered ? descriptors[at] : byDigest.get(layers[at]!.blob)
      const [diffId] = descriptor ? diffIdOf(descriptor) : []
      if (!descriptor || !diffId) {
        opened.set(at, undefined)
        return undefined
      }
      const createdAt = created.get(at) ?? timeOf(descriptor.annotations?.[createdAnnotation])
      below = { descriptor, diffId, chainId: chain(below?.chainId, diffId), parent: below, createdAt }
      opened.set(at, below)
    }
    return below
  }

  function resultsOf(record: CacheRecord | undefined): RemoteLayer[] {
    return (record?.results ?? []).flatMap((result) => layer(result.layer) ?? [])
  }

  return {
    name: blobs.name,
    blobs,
    records,
    has: (key) => byKey.has(key),
    results: (key) => resultsOf(byKey.get(key)),
    resultsAt: (place) => resultsOf(records[place]),
    buildkit: buildkitMatcher(records),
    hasBuildKit: records.some((record) => record.results.length > 0 && operationOf(records, record) === undefined),
    sameAs(key) {
      const record = byKey.get(key)
      const operation = record && operationOf(records, record)
      if (operation === undefined) return []
      const same = records.filter(
        (other) =>
          operationOf(records, other) === operation &&
          other.results.some((result) => record!.results.some((own) => own.layer === result.layer)),
      )
      return same.map(({ digest }) => digest)
    },
    blobOf: (diffId) => byDiffId.get(diffId),
  }
}

function diffIdOf({ annotations }: Descriptor): DiffId[] {
  const diffId = annotations?.[diffIdAnnotation]
  return isDigest(diffId) ? [diffId as string as DiffId] : []
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '')
  return Number.isSafeInteger(time) && time >= 0 ? time : undefined
}
