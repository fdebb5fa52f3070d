import { createReadStream, globSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { decompress } from '../layers/mod.ts'
import { bytesOf, type OperationOptions, StrakeError, textOf } from '../lib/mod.ts'
import { chain, type Descriptor, type Digest, isDigest, mediaTypes, type Platform, parseReference } from '../oci/mod.ts'
import type { BlobInfo, Ingest, Lease, SnapshotId, Store } from '../store/mod.ts'
import { TarDecoder, type TarEntry, type TarHandler } from '../tar/mod.ts'
import { type ArchivedImage, type ArchivedIndex, type ArchiveFiles, readIndexes } from './archive-index.ts'
import { mainMember } from './indexes.ts'
import { canonicalJson } from './json.ts'
import { hashOfLayer } from './layer-blob.ts'
import { layerTypes } from './layer-types.ts'
import { byteStatus } from './status.ts'
import type { Image, Images } from './types.ts'
import { openStored, type PackedLayer, unpackLayers, wrongLayer } from './unpack.ts'

export interface LoadOptions extends OperationOptions {
  /** Only the image for this platform, where the archive has one for each of several. */
  readonly platform?: Platform | undefined
  /** Gives no names to the images. */
  readonly untagged?: boolean | undefined
}

export interface LoadedImage {
  /** Of an index, the image for this machine. */
  readonly image: Image
  /** The names that the archive gives it, normalised. */
  readonly names: readonly string[]
  /** What the index of an OCI layout calls it (`org.opencontainers.image.ref.name`): often a tag alone. */
  readonly refs: readonly string[]
}

/** The largest document (index, manifest, configuration) that is read. */
const maxDocument = 8 * 1024 * 1024

/**
 * Takes the images of a docker or OCI archive into the store, of any compression; blobs are kept as they came. Every
 * digest is checked. Either all images of the archive are there afterwards or none.
 *
 * @param source the archive's bytes, its path, or the path of a directory that is an OCI image layout
 * @throws `invalid` (no image archive), `corrupt`, `not_found` (not for this platform)
 */
export async function loadArchive(
  store: Store,
  images: Images,
  source: AsyncIterable<Uint8Array> | string,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  using lease = store.lease('load')
  const files = await readFiles(store, source, lease, options)
  const { images: found, indexes } = readIndexes(files, { platform: options.platform, whole: true })
  const ready: { archived: ArchivedImage; snapshot: SnapshotId | undefined }[] = []
  for (const archived of found) ready.push({ archived, snapshot: await unpack(store, archived, lease, options) })
  return store.transaction(() => {
    const loaded: LoadedImage[] = []
    for (const { archived, snapshot } of ready) {
      const { config, layers, names, refs } = archived
      const manifest = archived.manifest ?? writeManifest(store, archived, lease)
      const image = images.add({ config, manifest, snapshot, blobs: layers.map((layer) => layer.digest) }, lease)
      if (!options.untagged) for (const name of names) images.tag(image, parseReference(name))
      const isPart = indexes.some(({ members }) => members.some((member) => member.config === config))
      if (!isPart || names.length > 0) loaded.push({ image: images.get(image.id), names, refs })
    }
    for (const index of indexes) loaded.push(loadIndex(images, index, options))
    return loaded
  })
}

function loadIndex(
  images: Images,
  { manifest, members, names, refs }: ArchivedIndex,
  { untagged = false }: LoadOptions,
): LoadedImage {
  const found = members.map(({ descriptor, config }) => ({ descriptor, image: config && images.get(config) }))
  const main = mainMember(found)!
  if (!untagged) for (const name of names) images.tagIndex({ manifest, members: found }, parseReference(name))
  return { image: images.get(main.image.id), names, refs }
}

/** An image of an archive whose blobs are in the store's content, and nothing more of it. */
export interface ArchivedManifest {
  readonly manifest: Descriptor
  /** Normalised. */
  readonly names: readonly string[]
  readonly refs: readonly string[]
}

/** Takes the blobs of an archive into the store's content, held by the lease; nothing is unpacked. Throws as `loadArchive`. */
export async function readArchive(
  store: Store,
  source: AsyncIterable<Uint8Array> | string,
  lease: Lease,
  options: LoadOptions = {},
): Promise<ArchivedManifest[]> {
  const files = await readFiles(store, source, lease, options)
  const found: ArchivedManifest[] = []
  for (const archived of readIndexes(files, { platform: options.platform }).images) {
    for (const [i, { digest }] of archived.layers.entries()) {
      if (archived.manifest || store.content.info(digest)?.compression) continue
      const layer = await hashOfLayer(store.content.open(digest), options.signal)
      if (layer.diffId !== archived.diffIds[i]) throw wrongLayer(digest, layer.diffId, archived.diffIds[i]!)
      store.content.describe(digest, layer)
    }
    const { names, refs } = archived
    found.push({ manifest: archived.manifest ?? writeManifest(store, archived, lease), names, refs })
  }
  return found
}

async function readFiles(
  store: Store,
  source: AsyncIterable<Uint8Array> | string,
  lease: Lease,
  options: LoadOptions,
): Promise<Files> {
  const files = new Files(store, lease)
  if (typeof source === 'string' && statSync(source).isDirectory()) {
    for (const path of globSync('{index.json,blobs/sha256/*}', { cwd: source })) {
      files.entry({ path: bytesOf(path), type: 'file' })
      for await (const chunk of createReadStream(join(source, path))) files.data(chunk as Buffer)
      files.close()
    }
    return files
  }
  const status = byteStatus(options.progress, 'load', 'reading the archive')
  const decoder = new TarDecoder(files)
  try {
    for await (const chunk of decompress(typeof source === 'string' ? createReadStream(source) : source)) {
      options.signal?.throwIfAborted()
      decoder.write(chunk)
      status.update(files.count)
    }
    decoder.end()
  } catch (error) {
    files[Symbol.dispose]()
    throw error
  }
  status.done()
  return files
}

/** The files of an archive, stored as blobs while it is read once from start to end. */
class Files implements ArchiveFiles, TarHandler, Disposable {
  /** Bytes so far. */
  count = 0
  readonly #store: Store
  readonly #lease: Lease
  readonly #blobs = new Map<string, BlobInfo>()
  readonly #links = new Map<string, string>()
  #open: { readonly path: string; readonly ingest: Ingest } | undefined

  constructor(store: Store, lease: Lease) {
    this.#store = store
    this.#lease = lease
  }

  entry({ path: name, type, target = '' }: Pick<TarEntry, 'path' | 'type' | 'target'>): void {
    const path = clean(textOf(name))
    if (type === 'symlink') this.#links.set(path, clean(posix.join(posix.dirname(path), textOf(target))))
    if (type === 'link') this.#links.set(path, clean(textOf(target)))
    if (type === 'file' && isWanted(path)) this.#open = { path, ingest: this.#store.content.ingest(this.#lease) }
  }

  data(bytes: Uint8Array, position = this.#open?.ingest.size): void {
    this.count += bytes.length
    if (this.#open && position !== this.#open.ingest.size) {
      throw new StrakeError('unsupported', 'invalid archive: it holds sparse files')
    }
    this.#open?.ingest.write(bytes)
  }

  close(): void {
    if (!this.#open) return
    const { path, ingest } = this.#open
    this.#open = undefined
    const digest = `sha256:${posix.basename(path)}`
    const isBlob = path.startsWith('blobs/sha256/') && isDigest(digest)
    this.#blobs.set(path, ingest.commit(isBlob ? { digest } : {}))
    this.#links.delete(path)
  }

  /** Drops what was begun and not closed. */
  [Symbol.dispose](): void {
    this.#open?.ingest[Symbol.dispose]()
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
  options: LoadOptions,
): Promise<SnapshotId | undefined> {
  const { content, snapshots } = store
  const packed: PackedLayer[] = []
  let stack: ReturnType<typeof chain> | undefined
  for (const [i, diffId] of diffIds.entries()) {
    const { digest, size } = layers[i]!
    const blob = content.info(digest)
    if (blob?.diffId !== undefined && blob.diffId !== diffId) throw wrongLayer(digest, blob.diffId, diffId)
    stack = chain(stack, diffId)
    const known = snapshots.byChain(stack, lease)
    if (known) {
      if (blob?.diffId === undefined) {
        const found = await hashOfLayer(content.open(digest), options.signal)
        if (found.diffId !== diffId) throw wrongLayer(digest, found.diffId, diffId)
        content.describe(digest, found)
      }
    }
    const status = byteStatus(options.progress, 'load', `unpacking ${digest.slice(7, 19)}`, size)
    packed.push({
      digest,
      diffId,
      known: known?.id,
      open: () => openStored(store, digest),
      onProgress: status.update,
      onDone: status.done,
    })
  }
  return unpackLayers(store, packed, { lease, signal: options.signal })
}

/** A manifest for an image of a docker archive, which has none. */
function writeManifest(store: Store, { config, layers }: ArchivedImage, lease: Lease) {
  const { size } = store.content.info(config)!
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config, size },
    layers: layers.map((layer) => {
      const { compression = 'none' } = store.content.info(layer.digest)!
      return { mediaType: layerTypes[compression], digest: layer.digest, size: layer.size }
    }),
  }
  const stored = store.content.put(canonicalJson(manifest), lease)
  return { mediaType: mediaTypes.manifest, digest: stored.digest, size: stored.size }
}
