import { limiter, StrakeError, settled } from '../lib/mod.ts'
import { type Descriptor, type Digest, isImageType, isIndexType } from '../oci/mod.ts'
import { type Blobs, type Pushed, readContent } from './target.ts'
import { foreignLayerTypes, type ParsedManifest, parseManifest } from './wire/mod.ts'

export interface CopyOptions {
  /** How many blobs move at the same time. */
  readonly parallel?: number | undefined
  /** Told of each blob as it moves. */
  readonly watch?: ((descriptor: Descriptor) => BlobWatch) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BlobWatch {
  /** Bytes that have moved. */
  update(bytes: number): void
  done(how: Pushed): void
}

type Source = Pick<Blobs, 'name' | 'fetch'>
type Sink = Pick<Blobs, 'exists' | 'push'>

/**
 * Copies a manifest and all that it names, and what these name: whatever the target has does not move, and a manifest
 * comes after all that it names. Foreign layers are refused (`unsupported`).
 */
export async function copy(source: Source, target: Sink, root: Descriptor, options: CopyOptions = {}): Promise<void> {
  const limit = limiter(options.parallel ?? 3)
  const moving = new Map<Digest, Promise<void>>()
  const once = (descriptor: Descriptor, depth: number): Promise<void> => {
    let move = moving.get(descriptor.digest)
    if (!move) {
      move = isManifest(descriptor)
        ? manifest(descriptor, depth)
        : limit(() => copyBlob(source, target, descriptor, options.watch?.(descriptor)))
      moving.set(descriptor.digest, move)
    }
    return move
  }
  const manifest = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (depth > 8) throw new StrakeError('corrupt', `${source.name}: indexes are nested too deeply`)
    if (await target.exists(descriptor)) return
    const bytes = await readContent(source, descriptor)
    const parsed = parseManifest(bytes, descriptor.mediaType)
    await settled(childrenOf(parsed).map((child) => once(child, depth + 1)))
    options.signal?.throwIfAborted()
    await target.push(descriptor, () => whole(bytes))
  }
  await once(root, 0)
}

/** Copies one blob, if the target does not have it. */
export async function copyBlob(source: Source, target: Sink, descriptor: Descriptor, watch?: BlobWatch): Promise<void> {
  const how: Pushed = (await target.exists(descriptor))
    ? { kind: 'present' }
    : await target.push(descriptor, (from) => counted(source.fetch(descriptor, from), from, watch))
  watch?.done(how)
}

/** What a manifest names. Throws `unsupported` for layers that are somewhere else. */
export function childrenOf(manifest: ParsedManifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return manifest.manifests
  for (const { mediaType, digest } of manifest.layers) {
    if (foreignLayerTypes.includes(mediaType)) {
      throw new StrakeError(
        'unsupported',
        `layer ${digest} is a foreign one (${mediaType}): it is not in the registry`,
        {
          hint: 'Only images for Windows have such layers.',
        },
      )
    }
  }
  return [manifest.config, ...manifest.layers]
}

export function isManifest({ mediaType }: Descriptor): boolean {
  return isIndexType(mediaType) || isImageType(mediaType)
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
  watch: BlobWatch | undefined,
): AsyncGenerator<Uint8Array> {
  let at = from
  for await (const chunk of chunks) {
    at += chunk.length
    watch?.update(at)
    yield chunk
  }
}
