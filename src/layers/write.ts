import { StrakeError } from '../lib/mod.ts'
import type { DiffId } from '../oci/mod.ts'
import type { LayerInfo } from '../store/mod.ts'
import { asFound } from './as-found.ts'
import { type Crew, caller, together } from './crew.ts'
import { openStream, type PipelineOptions, tarSegments } from './pipeline.ts'
import { scanLayer } from './scan.ts'
import type { LayerDirs, LayerEntry, WriteOptions } from './types.ts'
import { Upper } from './upper.ts'

/**
 * Writes entries into an empty upper directory and hashes the layer's tar in the same pass; each file is read once.
 * Entries must be sorted by path (as byte strings), parents first, each path once; they may be gone through more than once.
 * Large work is done by worker threads.
 *
 * @throws `not_found` when a source is gone, `failed` when it changed its size while it was read, `unavailable` when
 * the disk is full, `cancelled`. What was written by then is left behind.
 */
export async function writeLayer(
  dir: string,
  entries: Iterable<LayerEntry>,
  { signal, onProgress, digests, earlier }: WriteOptions = {},
): Promise<LayerInfo> {
  const upper = new Upper(dir)
  const info = await hashTar(asFound(dir, entries), { upper, earlier, digests, signal, onProgress })
  upper.finish()
  return info
}

/** Hashes the tar of a layer. */
export function hashLayer(
  dirs: LayerDirs,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LayerInfo> {
  return hashTar(scanLayer(dirs), { signal })
}

/**
 * The tar of a layer, always the same bytes for the same directories. A chunk is valid until the next one is asked for.
 *
 * @param diffId what its hash must be; hashed beside the work of who reads it. Throws `corrupt` at the end when it is another one
 */
export async function* packLayer(dirs: LayerDirs, diffId?: DiffId): AsyncGenerator<Uint8Array> {
  const [entries, chosen] = divided(scanLayer(dirs), {})
  const { crew } = chosen
  using stream = diffId && openStream(crew)
  for await (const segment of tarSegments(entries, chosen)) {
    const bytes = segment.buffer.subarray(0, segment.used)
    if (stream) segment.held = crew.do({ kind: 'hash', stream: stream.id, bytes, last: false }, stream.lane)
    yield bytes
  }
  if (!stream) return
  const found = await crew.do({ kind: 'hash', stream: stream.id, bytes: new Uint8Array(), last: true }, stream.lane)
  if (`sha256:${found}` !== diffId) throw changed(diffId)
}

/** What a layer of the store is not any more what it was. */
export function changed(diffId: DiffId): StrakeError {
  return new StrakeError('corrupt', `the files of layer ${diffId} have changed in the store`, {
    hint: 'See what is damaged with: strake system check',
  })
}

type HashOptions = Omit<PipelineOptions, 'crew'> & Pick<WriteOptions, 'onProgress'>

async function hashTar(entries: Iterable<LayerEntry>, { onProgress, ...options }: HashOptions): Promise<LayerInfo> {
  const [all, chosen] = divided(entries, options)
  const { crew } = chosen
  using stream = openStream(crew)
  const { id, lane } = stream
  let tarSize = 0
  let size = 0
  let reported = 0
  for await (const segment of tarSegments(all, chosen)) {
    const bytes = segment.buffer.subarray(0, segment.used)
    segment.held = crew.do({ kind: 'hash', stream: id, bytes, last: false }, lane)
    tarSize += segment.used
    size += segment.content
    const now = Date.now()
    if (onProgress && now - reported > 100) {
      reported = now
      onProgress(size)
    }
  }
  const diffId = await crew.do({ kind: 'hash', stream: id, bytes: new Uint8Array(), last: true }, lane)
  return { diffId: `sha256:${diffId}` as DiffId, tarSize, size }
}

/** Starting threads takes some 30 ms; up to about that much work is done by the caller's own. */
const little = { files: 256, bytes: 8 * 1024 * 1024 }

/** Has the threads start for a layer of about that size, if it is to have any, while its entries are still being made. */
export function expectLayer({ files, bytes }: { readonly files: number; readonly bytes: number }): void {
  if (files > little.files || bytes > little.bytes) together.start()
}

/** Looks at entries until it is clear whether there is little or much to do. */
function divided(
  entries: Iterable<LayerEntry>,
  options: Omit<PipelineOptions, 'crew'>,
): [entries: Iterable<LayerEntry>, options: PipelineOptions] {
  const iterator = entries[Symbol.iterator]()
  const seen: LayerEntry[] = []
  let crew: Crew = caller
  let files = 0
  let bytes = 0
  for (let next = iterator.next(); !next.done; next = iterator.next()) {
    seen.push(next.value)
    if (next.value.kind !== 'file') continue
    files++
    bytes += next.value.size
    if (files > little.files || bytes > little.bytes) {
      crew = together
      break
    }
  }
  function* all(): Generator<LayerEntry> {
    yield* seen
    yield* { [Symbol.iterator]: () => iterator }
  }
  return [all(), { ...options, crew }]
}
