import { type LayerEntry, writeLayer } from '../layers/mod.ts'
import {
  type ContainerConfig,
  type History,
  hostPlatform,
  mediaTypes,
  type Platform,
  parsePlatform,
  parseReference,
} from '../oci/mod.ts'
import type { SnapshotId, Store } from '../store/mod.ts'
import { encodeHeader, paddingOf, trailerSize } from '../tar/mod.ts'
import { writeIndex } from './indexes.ts'
import { canonicalJson } from './json.ts'
import type { Image, ImageIndex, Images, IndexMember } from './types.ts'

/** For tests: an image of one new layer with these files, on top of another. The same input gives the same image. */
export async function makeImage(
  store: Store,
  images: Images,
  what: {
    readonly files: Readonly<Record<string, string>>
    readonly parent?: SnapshotId | undefined
    readonly config?: ContainerConfig
    readonly created?: string
    readonly platform?: Platform
    /** What comes before its own entry. */
    readonly history?: readonly History[]
    readonly tags?: readonly string[]
  },
): Promise<Image> {
  using lease = store.lease('test')
  const { id, dir } = store.snapshots.prepare(what.parent, lease)
  const entries = Object.entries(what.files).map(([path, text]): LayerEntry => {
    const bytes = Buffer.from(text)
    const base = { path, mode: 0o644, uid: 0, gid: 0, mtime: 0n, size: bytes.length }
    return { ...base, kind: 'file', source: { kind: 'bytes', bytes } }
  })
  store.snapshots.commit(id, await writeLayer(dir, entries))
  const created = what.created ?? '2024-01-01T00:00:00Z'
  const image = images.create(
    {
      snapshot: id,
      config: {
        ...(what.platform ?? hostPlatform),
        created,
        config: what.config ?? {},
        history: [...(what.history ?? []), { created }],
      },
    },
    lease,
  )
  for (const tag of what.tags ?? []) images.tag(image, parseReference(tag))
  return images.get(image.id)
}

/** For tests: an index of an image for each platform, and with `attested` of an attestation of the first, named. */
export async function makeIndex(
  store: Store,
  images: Images,
  what: { readonly platforms: readonly string[]; readonly attested?: boolean; readonly tags: readonly string[] },
): Promise<ImageIndex> {
  using lease = store.lease('test')
  const members: IndexMember[] = []
  for (const text of what.platforms) {
    const platform = parsePlatform(text)
    const image = await makeImage(store, images, { files: { platform: text }, platform, config: { Cmd: [text] } })
    members.push({ descriptor: { ...image.manifest, platform }, image })
  }
  if (what.attested) {
    const put = (mediaType: string, value: object) => {
      const { digest, size } = store.content.put(canonicalJson(value), lease)
      return { mediaType, digest, size }
    }
    const layers = [put('application/vnd.in-toto+json', { predicateType: 'test' })]
    const config = put(mediaTypes.config, { architecture: 'unknown', os: 'unknown' })
    const manifest = put(mediaTypes.manifest, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers })
    const annotations = {
      'vnd.docker.reference.digest': members[0]!.descriptor.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    }
    const platform = { architecture: 'unknown', os: 'unknown' }
    members.push({ descriptor: { ...manifest, annotations, platform }, image: undefined })
  }
  const index = { manifest: writeIndex(store, { manifests: members.map((m) => m.descriptor) }, lease), members }
  for (const tag of what.tags) images.tagIndex(index, parseReference(tag))
  return index
}

/** For tests: the tar of an archive with these members; `->` starts the target of a symlink. */
export function makeTar(members: readonly (readonly [path: string, content: string | Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [path, content] of members) {
    const base = { path, mode: 0o644, uid: 0, gid: 0, mtime: 0n }
    if (typeof content === 'string' && content.startsWith('->')) {
      parts.push(Buffer.from(encodeHeader({ ...base, type: 'symlink', size: 0, target: content.slice(2) })))
      continue
    }
    const bytes = Buffer.from(content)
    parts.push(Buffer.from(encodeHeader({ ...base, type: 'file', size: bytes.length })), bytes)
    parts.push(Buffer.alloc(paddingOf(bytes.length)))
  }
  return Buffer.concat([...parts, Buffer.alloc(trailerSize)])
}

/** For tests: the whole of what comes. */
export async function collectBytes(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

export async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
