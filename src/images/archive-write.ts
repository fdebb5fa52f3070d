import { createHash } from 'node:crypto'
import { StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type Digest,
  familiarString,
  forThisMachine,
  hex,
  type ImageConfig,
  isIndexType,
  type Manifest,
  mediaTypes,
  parseReference,
} from '../oci/mod.ts'
import type { SnapshotId, Store } from '../store/mod.ts'
import { encodeHeader, paddingOf, trailerSize } from '../tar/mod.ts'
import { contentBelow, readIndex } from './indexes.ts'
import { canonicalJson } from './json.ts'
import { layerTar } from './layer-blob.ts'
import { isAttestation } from './platform.ts'
import type { Image, ImageIndex } from './types.ts'

export interface SavedImage {
  readonly image: Image
  /** The names that it shall have where it is loaded: `docker.io/library/app:1.0`. */
  readonly names: readonly string[]
  /** What these names stand for, where it is more than this image. */
  readonly index?: ImageIndex | undefined
}

interface Member {
  readonly path: string
  readonly size: number
  readonly digest: Digest | undefined
  readonly open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/**
 * The tar of an archive that is a docker archive (manifest.json) and an OCI image layout (index.json) at once, as docker's
 * own are. Each blob is in it once. The same images always give the same bytes. What is packed for the archive is
 * checked while it is written: `corrupt` when it is not what its digest says.
 */
export async function* saveArchive(
  store: Store,
  what: readonly SavedImage[],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  using lease = store.lease('save')
  const blobs = new Map<Digest, Member>()
  const index: Descriptor[] = []
  const legacy: object[] = []
  for (const { image, names, index: whole } of what) {
    if (whole) addStored(store, blobs, whole.manifest)
    const members = whole?.members ?? [{ descriptor: image.manifest, image }]
    for (const { descriptor, image: member } of members) {
      if (!member) for (const digest of contentBelow(store, descriptor).here) addStored(store, blobs, { digest })
      else {
        const manifest = addImage(store, blobs, { descriptor, image: member })
        if (member.id === image.id) legacy.push(legacyEntry(image.id, names, manifest.layers))
        if (member.snapshot !== undefined) lease.add({ snapshot: member.snapshot })
      }
    }
    const { mediaType, digest, size } = whole?.manifest ?? image.manifest
    const platform = { architecture: image.architecture, os: image.os }
    index.push(...descriptors({ mediaType, digest, size, ...(!whole && { platform }) }, names))
  }
  for (const blob of blobs.keys()) if (store.content.info(blob)) lease.add({ blob })
  yield* archive({ blobs, index, legacy }, signal)
}

export interface ArchivedContent {
  /** Of an image, or an index. Its annotations stand in `index.json`. */
  readonly manifest: Descriptor
  /** Those that it shall have where it is loaded: `docker.io/library/app:1.0`. */
  readonly names: readonly string[]
}

/**
 * As `saveArchive`, of what need not be images of the store: all their blobs are in its content. Of an index, `manifest.json` has the
 * image for this machine, or the first.
 */
export async function* archiveContent(
  store: Store,
  what: readonly ArchivedContent[],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const blobs = new Map<Digest, Member>()
  const index: Descriptor[] = []
  const legacy: object[] = []
  for (const { manifest, names } of what) {
    for (const blob of contentBelow(store, manifest).here) addStored(store, blobs, { digest: blob })
    const main = mainManifest(store, manifest)
    const { config, layers } = JSON.parse(store.content.read(main).toString()) as Manifest
    legacy.push(legacyEntry(config.digest, names, layers))
    const { architecture, os } = JSON.parse(store.content.read(config.digest).toString()) as ImageConfig
    const isSingle = main === manifest.digest
    index.push(...descriptors({ ...manifest, ...(isSingle && { platform: { architecture, os } }) }, names))
  }
  yield* archive({ blobs, index, legacy }, signal)
}

function addImage(
  store: Store,
  blobs: Map<Digest, Member>,
  { descriptor, image }: { readonly descriptor: Descriptor; readonly image: Image },
): Manifest {
  const manifest = JSON.parse(store.content.read(descriptor.digest).toString()) as Manifest
  const stack = store.snapshots.ancestry(image.snapshot).reverse()
  addStored(store, blobs, descriptor)
  addStored(store, blobs, manifest.config)
  for (const [i, layer] of manifest.layers.entries()) addLayer(store, blobs, layer, stack[i]?.id)
  return manifest
}

/** The digest of the manifest that those read who know no index. */
function mainManifest(store: Store, { mediaType, digest }: Descriptor): Digest {
  if (!isIndexType(mediaType)) return digest
  const found = readIndex(store, digest).manifests.filter((member) => !isAttestation(member))
  return forThisMachine(found, ({ platform }) => platform)!.digest
}

function legacyEntry(config: Digest, names: readonly string[], layers: readonly Descriptor[]): object {
  return {
    Config: blobPath(config),
    RepoTags: names.length > 0 ? names.map((name) => familiarString(parseReference(name))) : null,
    Layers: layers.map((layer) => blobPath(layer.digest)),
  }
}

interface Contents {
  readonly blobs: ReadonlyMap<Digest, Member>
  readonly index: readonly Descriptor[]
  readonly legacy: readonly object[]
}

async function* archive({ blobs, index, legacy }: Contents, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const members = [
    text('oci-layout', { imageLayoutVersion: '1.0.0' }),
    text('index.json', { schemaVersion: 2, mediaType: mediaTypes.index, manifests: index }),
    text('manifest.json', legacy),
    ...blobs.values(),
  ]
  const base = { mode: 0o644, uid: 0, gid: 0, mtime: 0n }
  for (const path of ['blobs', 'blobs/sha256']) {
    yield Buffer.from(encodeHeader({ ...base, mode: 0o755, path, type: 'directory', size: 0 }))
  }
  for (const member of members) {
    yield Buffer.from(encodeHeader({ ...base, path: member.path, type: 'file', size: member.size }))
    yield* checked(member, signal)
    yield Buffer.alloc(paddingOf(member.size))
  }
  yield Buffer.alloc(trailerSize)
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${hex(digest)}`
}

function text(path: string, value: unknown): Member {
  const bytes = Buffer.from(canonicalJson(value))
  return { path, size: bytes.length, digest: undefined, open: () => [bytes] }
}

function addStored(store: Store, blobs: Map<Digest, Member>, { digest }: Pick<Descriptor, 'digest'>): void {
  const { size } = store.content.info(digest)!
  blobs.set(digest, { path: blobPath(digest), size, digest, open: () => store.content.open(digest) })
}

function addLayer(store: Store, blobs: Map<Digest, Member>, layer: Descriptor, snapshot: SnapshotId | undefined): void {
  if (store.content.info(layer.digest)) {
    addStored(store, blobs, layer)
    return
  }
  if (snapshot === undefined || store.snapshots.get(snapshot).layer?.diffId !== (layer.digest as string)) {
    throw new StrakeError('corrupt', `layer ${layer.digest} is neither stored nor can it be packed again`)
  }
  const { digest, size } = layer
  blobs.set(digest, { path: blobPath(digest), size, digest, open: () => copied(layerTar(store, snapshot)) })
}

/** Whoever reads an archive may keep its chunks. */
async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

/** One descriptor for each name, as containerd and docker read them; one without a name for an image that has none. */
function descriptors(plain: Descriptor, names: readonly string[]): Descriptor[] {
  if (names.length === 0) return [plain]
  return names.map((name) => ({
    ...plain,
    annotations: {
      ...plain.annotations,
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': parseReference(name).tag ?? '',
    },
  }))
}

async function* checked({ digest, size, open }: Member, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let count = 0
  for await (const chunk of open()) {
    signal?.throwIfAborted()
    if (digest) hash.update(chunk)
    count += chunk.length
    yield chunk
  }
  if (count !== size || (digest && `sha256:${hash.digest('hex')}` !== digest)) {
    throw new StrakeError('corrupt', `the content of ${digest} has changed in the store`, {
      hint: 'See what is damaged with: strake system check',
    })
  }
}
