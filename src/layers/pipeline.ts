import { setImmediate } from 'node:timers/promises'
import { StrakeError } from '../lib/mod.ts'
import type { Crew } from './crew.ts'
import { type Fresh, hashSize } from './fill.ts'
import { layOut, type Segment, segmentSize } from './segments.ts'
import type { EarlierFiles, LayerEntry } from './types.ts'
import type { Upper } from './upper.ts'

export interface PipelineOptions {
  readonly crew: Crew
  readonly upper?: Upper | undefined
  readonly earlier?: EarlierFiles | undefined
  readonly digests?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

const unused: Fresh = { uid: 0, gid: 0, umask: 0 }
let lastStream = 0
const lanes = new Set<number>()

/** A hash over several segments. */
export interface Stream extends Disposable {
  readonly id: number
  /** The crew's: the first that nobody else has, for a thread may have to be started for another one. */
  readonly lane: number
}

export function openStream({ size }: Crew): Stream {
  let lane = 0
  // Who works alone takes none.
  if (size === 1) return { id: ++lastStream, lane, [Symbol.dispose]: () => {} }
  while (lanes.has(lane)) lane++
  lanes.add(lane)
  return { id: ++lastStream, lane, [Symbol.dispose]: () => void lanes.delete(lane) }
}

/**
 * The tar of a layer, segment by segment, while the crew fills those that follow. A segment's buffer is only its own
 * until the next one is asked for, or until `held`. However it ends, no job is left running.
 */
export async function* tarSegments(
  entries: Iterable<LayerEntry>,
  { crew, upper, earlier, digests, signal }: PipelineOptions,
): AsyncGenerator<Segment> {
  const depth = 2 * crew.size + 4
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

  const layout = layOut(entries, { take, upper, earlier, digests })
  const filling: { readonly segment: Segment; readonly filled: Promise<Uint8Array>; done: boolean }[] = []
  const inUse = new Set<Promise<void>>()
  let failure: unknown
  let stream: Stream | undefined
  /** The content hash of a large file goes on in one thread while the layer's own goes on in another. */
  const hashLarge = async ({ buffer, large }: Segment) => {
    const { file, at, length, last } = large!
    stream ??= openStream(crew)
    const { id, lane } = stream
    const step = crew.do({ kind: 'hash', stream: id, bytes: buffer.subarray(at, at + length), last }, lane)
    if (last) {
      stream[Symbol.dispose]()
      stream = undefined
    }
    const hash = await step
    if (hash) file.sha256 = Buffer.from(hash, 'hex')
  }

  /** Lets the buffer be used again when nobody needs it any more. */
  const releaseAfter = (segment: Segment, users: readonly Promise<unknown>[]) => {
    const released = Promise.all(users).then(
      () => release(segment),
      (error) => {
        failure ??= error
        release(segment)
      },
    )
    inUse.add(released)
    released.finally(() => inUse.delete(released))
  }

  /** Lays out the next segment and has it filled; false when there is none. */
  const fillNext = (): boolean => {
    const { value: segment } = layout.next()
    if (!segment) return false
    const { pieces, buffer } = segment
    const isFilled = pieces.length === 0
    const job = { kind: 'fill', segment: buffer, pieces: pieces.pack(), fresh: upper?.fresh ?? unused } as const
    const item = { segment, filled: isFilled ? Promise.resolve(new Uint8Array(0)) : crew.do(job), done: false }
    const ended = () => {
      item.done = true
    }
    item.filled.then(ended, ended)
    filling.push(item)
    return true
  }

  try {
    for (let more = true; more || filling.length > 0; ) {
      if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
      const canFill = more && (free.length > 0 || made < depth)
      if (canFill && !filling[0]?.done) {
        more = fillNext()
        // What the threads have done is heard of.
        await setImmediate()
        continue
      }
      const first = filling.shift()
      if (!first) {
        // All buffers are being hashed.
        await new Promise<void>((resolve) => {
          freed = resolve
        })
        continue
      }
      const { segment } = first
      const hashes = await first.filled
      for (const [i, file] of segment.hashed.entries()) {
        file.sha256 = Buffer.from(hashes.buffer, hashes.byteOffset + i * hashSize, hashSize)
      }
      const users: Promise<unknown>[] = segment.large ? [hashLarge(segment)] : []
      yield segment
      if (segment.held) users.push(segment.held)
      if (users.length > 0) releaseAfter(segment, users)
      else release(segment)
    }
    await Promise.all(inUse)
    if (failure) throw failure
  } finally {
    await Promise.allSettled([...filling.map(({ filled }) => filled), ...inUse])
    stream?.[Symbol.dispose]()
  }
}
