import { createReadStream } from 'node:fs'
import { posix } from 'node:path'
import { applyLayer, decompress } from '../layers/mod.ts'
import { type OperationOptions, StrakeError, textOf } from '../lib/mod.ts'
import { chain, type Digest, isDigest, mediaTypes, type Platform, parseReference } from '../oci/mod.ts'
import type { BlobInfo, Lease, SnapshotId, Store } from '../store/mod.ts'
import { readTar } from '../tar/mod.ts'
import { type ArchivedImage, type ArchiveFiles, readIndexes } from './archive-index.ts'
import { canonicalJson } from './json.ts'
import { hashOfLayer } from './layer-blob.ts'
import { byteStatus } from './status.ts'
import type { Image, Images } from './types.ts'

export interface LoadOptions extends OperationOptions {
  /** Which image to take where the archive has one for each of several platforms. */
  readonly platform?: Platform | undefined
}

export interface LoadedImage {
  readonly image: Image
  /** The names that it got, normalised. */
  readonly names: readonly string[]
}

/** The largest document (index, manifest, configuration) that is read. */
const maxDocument = 8 * 1024 * 1024

/**
 * Takes the images of a docker or OCI archive into the store, of any compression; blobs are kept as they came. Every
 * digest is checked. Either all images of the archive are there afterwards or none.
 *
 * @param source the archive's bytes, or a path
 * @throws `invalid` (no image archive), `corrupt`, `not_found` (not for this platform)
 */
export async function loadArchive(
  store: Store,
  images: Images,
  source: AsyncIterable<Uint8Array> | string,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  using lease = store.lease('load')
  const bytes = typeof source === 'string' ? createReadStream(source) : source
  const files = await Files.read(store, bytes, lease, options)
  const found = readIndexes(files, options.platform)
  const ready: { archived: ArchivedImage; snapshot: SnapshotId | undefined }[] = []
  for (const archived of found) ready.push({ archived, snapshot: await unpack(store, archived, lease, options) })
  return store.transaction(() =>
    ready.map(({ archived, snapshot }) => {
      const { config, layers, names } = archived
      const manifest = archived.manifest ?? writeManifest(store, archived, lease)
      const image = images.add({ config, manifest, snapshot, blobs: layers.map((layer) => layer.digest) }, lease)
      for (const name of names) images.tag(image, parseReference(name))
      return { image: images.get(image.id), names }
    }),
  )
}

/** The files of an archive, stored as blobs while it is read once from start to end. */
class Files implements ArchiveFiles {
  readonly #store: Store
  readonly #blobs = new Map<string, BlobInfo>()
  readonly #links = new Map<string, string>()

  private constructor(store: Store) {
    this.#store = store
  }

  static async read(
    store: Store,
    bytes: AsyncIterable<Uint8Array>,
    lease: Lease,
    { signal, progress }: OperationOptions,
  ): Promise<Files> {
    const files = new Files(store)
    const status = byteStatus(progress, 'load', 'reading the archive')
    let count = 0
    for await (const { entry, content } of readTar(decompress(bytes))) {
      const path = clean(textOf(entry.path))
      if (entry.type === 'symlink')
        files.#links.set(path, clean(posix.join(posix.dirname(path), textOf(entry.target!))))
      if (entry.type === 'link') files.#links.set(path, clean(textOf(entry.target!)))
      if (entry.type !== 'file' || !isWanted(path)) continue
      using ingest = store.content.ingest(lease)
      for await (const chunk of content) {
        signal?.throwIfAborted()
        ingest.write(chunk)
        count += chunk.length
        status.update(count)
      }
      const digest = `sha256:${posix.basename(path)}`
      const isBlob = path.startsWith('blobs/sha256/') && isDigest(digest)
      files.#blobs.set(path, ingest.commit(isBlob ? { digest } : {}))
      files.#links.delete(path)
    }
    status.done()
    return files
  }

  find(path: string): BlobInfo | undefined {
    let at = clean(path)
    for (let hops = 0; hops < 16; hops++) {
      const blob = this.#blobs.get(at)
      if (blob) return blob
      const next = this.#links.get(at)
      if (next === undefined) return undefined
      at = next
    }
    return undefined
  }

  read(digest: Digest, what: string): Buffer {
    const size = this.#store.content.info(digest)?.size ?? 0
    if (size > maxDocument) throw new StrakeError('corrupt', `invalid archive: ${what} has ${size} bytes`)
    return this.#store.content.read(digest)
  }
}

/** Paths are names in a table here, never opened; the form only has to be the same everywhere. */
function clean(path: string): string {
  return posix.normalize(`/${path}`).slice(1)
}

/** What image archives consist of. A root file system that was given by mistake is not stored file by file. */
function isWanted(path: string): boolean {
  return /^(?:blobs\/sha256\/[^/]+|[^/]+\.json|[^/]+\.tar|[^/]+\/layer\.tar)$/.test(path)
}

/** Puts the layers that are not here yet into snapshots. Every layer must have the hash that the configuration says. */
async function unpack(
  store: Store,
  { layers, diffIds }: ArchivedImage,
  lease: Lease,
  { signal, progress }: LoadOptions,
): Promise<SnapshotId | undefined> {
  const { content, snapshots } = store
  let parent: SnapshotId | undefined
  let stack: ReturnType<typeof chain> | undefined
  for (const [i, diffId] of diffIds.entries()) {
    const { digest, size } = layers[i]!
    const wrong = (found: string) =>
      new StrakeError('corrupt', `invalid archive: layer ${digest} has the hash ${found}, not ${diffId}`)
    const blob = content.info(digest)
    if (blob?.diffId !== undefined && blob.diffId !== diffId) throw wrong(blob.diffId)
    stack = chain(stack, diffId)
    const known = snapshots.byChain(stack, lease)
    if (known) {
      if (blob?.diffId === undefined) {
        const found = await hashOfLayer(content.open(digest), signal)
        if (found.diffId !== diffId) throw wrong(found.diffId)
        content.describe(digest, found)
      }
      parent = known.id
      continue
    }
    const status = byteStatus(progress, 'load', `unpacking ${digest.slice(7, 19)}`, size)
    const active = snapshots.prepare(parent, lease)
    const applied = await applyLayer(active.dir, content.open(digest), {
      lower: snapshots.stack(parent),
      signal,
      onProgress: status.update,
    })
    if (applied.diffId !== diffId) throw wrong(applied.diffId)
    snapshots.commit(active.id, applied)
    content.describe(digest, { diffId, compression: applied.compression })
    status.done()
    parent = active.id
  }
  return parent
}

/** A manifest for an image of a docker archive, which has none. */
function writeManifest(store: Store, { config, layers }: ArchivedImage, lease: Lease) {
  const types = { none: mediaTypes.layer, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd }
  const { size } = store.content.info(config)!
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config, size },
    layers: layers.map((layer) => {
      const { compression = 'none' } = store.content.info(layer.digest)!
      return { mediaType: types[compression], digest: layer.digest, size: layer.size }
    }),
  }
  const stored = store.content.put(canonicalJson(manifest), lease)
  return { mediaType: mediaTypes.manifest, digest: stored.digest, size: stored.size }
}
