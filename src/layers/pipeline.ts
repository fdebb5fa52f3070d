import { setImmediate } from 'node:timers/promises'
import { StrakeError } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import { type Crew, caller } from './crew.ts'
import type { Fresh } from './fill.ts'
import { layOut, type Segment, segmentSize } from './segments.ts'
import type { ByteString, LayerEntry } from './types.ts'
import type { Upper } from './upper.ts'

export interface PipelineOptions {
  readonly crew: Crew
  readonly upper?: Upper | undefined
  readonly digests?: Map<ByteString, Digest> | undefined
  readonly signal?: AbortSignal | undefined
}

const unused: Fresh = { uid: 0, gid: 0, umask: 0 }
let lastStream = 0

/**
 * The tar of a layer, segment by segment, while the crew fills those that follow. A segment's buffer is only its own
 * until the next one is asked for. However it ends, no job is left running.
 */
export async function* tarSegments(
  entries: Iterable<LayerEntry>,
  { crew, upper, digests, signal }: PipelineOptions,
): AsyncGenerator<Segment> {
  const depth = 2 * crew.size + 2
  const free: Uint8Array[] = []
  let made = 0
  let freed: (() => void) | undefined
  const take = () => {
    const buffer = free.pop()
    if (buffer) return buffer
    made++
    return new Uint8Array(new SharedArrayBuffer(segmentSize))
  }
  const release = ({ buffer }: Segment) => {
    free.push(buffer)
    freed?.()
  }

  const layout = layOut(entries, { take, upper, digests })
  const filling: { readonly segment: Segment; readonly filled: Promise<string[]> }[] = []
  const hashing = new Set<Promise<void>>()
  let failure: unknown
  let stream = 0
  /** The content hash of a large file goes on in one thread while the layer's own goes on in this one. */
  const hashLarge = async (segment: Segment) => {
    const { path, at, length, last } = segment.large!
    stream ||= ++lastStream
    const bytes = segment.buffer.subarray(at, at + length)
    const step = crew.do({ kind: 'hash', stream, bytes, last }, stream)
    if (last) stream = 0
    try {
      const hash = await step
      if (hash) digests!.set(path, `sha256:${hash}` as Digest)
    } catch (error) {
      failure ??= error
    }
    release(segment)
  }

  try {
    let more = true
    while (more || filling.length > 0) {
      if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
      while (more && (free.length > 0 || made < depth)) {
        const { value: segment, done } = layout.next()
        more = !done
        if (!segment) break
        const job = {
          kind: 'fill',
          segment: segment.buffer,
          pieces: segment.pieces,
          fresh: upper?.fresh ?? unused,
        } as const
        // While the threads start, the caller's own begins; it gives way so that it learns when they are there.
        const { ready } = crew
        const filled = segment.pieces.length > 0 ? (ready ? crew : caller).do(job) : Promise.resolve([])
        filled.catch(() => {})
        filling.push({ segment, filled })
        if (!ready) await setImmediate()
      }
      const first = filling.shift()
      if (!first) {
        // All buffers are with content hashes.
        await new Promise<void>((resolve) => {
          freed = resolve
        })
        continue
      }
      const { segment } = first
      const hashes = await first.filled
      for (let i = 0; i < hashes.length; i++) digests!.set(segment.hashed[i]!, `sha256:${hashes[i]}` as Digest)
      const large = segment.large && hashLarge(segment)
      if (large) {
        hashing.add(large)
        large.finally(() => hashing.delete(large))
      }
      yield segment
      if (!large) release(segment)
    }
    await Promise.all(hashing)
    if (failure) throw failure
  } finally {
    await Promise.allSettled([...filling.map(({ filled }) => filled), ...hashing])
  }
}
