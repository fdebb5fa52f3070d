import { createHash } from 'node:crypto'
import { StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type Digest,
  familiarString,
  hex,
  type ImageConfig,
  type Manifest,
  mediaTypes,
  parseReference,
} from '../oci/mod.ts'
import type { SnapshotId, Store } from '../store/mod.ts'
import { encodeHeader, paddingOf, trailerSize } from '../tar/mod.ts'
import { canonicalJson } from './json.ts'
import { layerTar } from './layer-blob.ts'
import type { Image, Images } from './types.ts'

export interface SavedImage {
  readonly image: Image
  /** The names that it shall have where it is loaded: `docker.io/library/app:1.0`. */
  readonly names: readonly string[]
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
  images: Images,
  what: readonly SavedImage[],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  using lease = store.lease('save')
  for (const { image } of what) {
    if (image.snapshot !== undefined) lease.add({ snapshot: image.snapshot })
    for (const digest of [image.id, image.manifest.digest]) lease.add({ blob: digest })
  }
  const blobs = new Map<Digest, Member>()
  const index: Descriptor[] = []
  const legacy: object[] = []
  for (const { image, names } of what) {
    const manifest = images.manifest(image)
    const stack = store.snapshots.ancestry(image.snapshot).reverse()
    addStored(store, blobs, image.manifest)
    addStored(store, blobs, manifest.config)
    for (const [i, layer] of manifest.layers.entries()) addLayer(store, blobs, layer, stack[i]?.id)
    index.push(...descriptors(image, names))
    legacy.push(legacyEntry(image.id, names, manifest.layers))
  }
  yield* archive({ blobs, index, legacy }, signal)
}

/**
 * As `saveArchive`, of one image whose blobs are all in the store's content.
 *
 * @param names those that it shall have where it is loaded: `docker.io/library/app:1.0`
 */
export async function* archiveContent(
  store: Store,
  { manifest, names }: { readonly manifest: Descriptor; readonly names: readonly string[] },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { config, layers } = JSON.parse(store.content.read(manifest.digest).toString()) as Manifest
  const { architecture, os } = JSON.parse(store.content.read(config.digest).toString()) as ImageConfig
  const blobs = new Map<Digest, Member>()
  for (const blob of [manifest, config, ...layers]) addStored(store, blobs, blob)
  const legacy = legacyEntry(config.digest, names, layers)
  yield* archive({ blobs, index: descriptors({ manifest, architecture, os }, names), legacy: [legacy] }, signal)
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

function addStored(store: Store, blobs: Map<Digest, Member>, { digest, size }: Descriptor): void {
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
function descriptors(image: Pick<Image, 'manifest' | 'architecture' | 'os'>, names: readonly string[]): Descriptor[] {
  const { mediaType, digest, size } = image.manifest
  const plain = { mediaType, digest, size, platform: { architecture: image.architecture, os: image.os } }
  if (names.length === 0) return [plain]
  return names.map((name) => ({
    ...plain,
    annotations: {
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
