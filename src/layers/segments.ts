import { StrakeError, textOf } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import { encodeHeader, paddingOf, type TarEntry, trailerSize } from '../tar/mod.ts'
import type { Piece, Source, Target } from './fill.ts'
import type { ByteString, EarlierFiles, LayerEntry } from './types.ts'
import type { Upper } from './upper.ts'

export const segmentSize = 2 * 1024 * 1024
/** A segment of many tiny files is closed early, so that the work is spread. */
const piecesPerSegment = 512

/** A stretch of a layer's tar. Headers and padding are in their place; the content of files is still to be filled in. */
export interface Segment {
  readonly buffer: Uint8Array
  used: number
  readonly pieces: Piece[]
  /** For each piece that is hashed as a whole: the file. */
  readonly hashed: ByteString[]
  /** The stretch of a file that is too large for one segment and is hashed across them. */
  large: { readonly path: ByteString; readonly at: number; readonly length: number; readonly last: boolean } | undefined
  /** Bytes of file content. */
  content: number
  /** Who takes the segment sets it: the buffer is not used again before that. */
  held?: Promise<unknown>
}

export interface LayOutOptions {
  /** Gives a buffer of `segmentSize` bytes; what was in it does not matter. */
  readonly take: () => Uint8Array
  /** Where files are to be written too. */
  readonly upper?: Upper | undefined
  /** What need not be written there again. */
  readonly earlier?: EarlierFiles | undefined
  /** For those of files whose digest is not known; without it, no content is hashed. */
  readonly digests?: ReadonlyMap<ByteString, Digest> | undefined
}

/**
 * Lays entries out as the segments of a tar: the one way in which a layer becomes bytes.
 * Files that fit into a segment are never cut.
 */
export function* layOut(
  entries: Iterable<LayerEntry>,
  { take, upper, earlier, digests }: LayOutOptions,
): Generator<Segment> {
  let segment = open(take())

  /** Bytes that are known now. */
  function* append(bytes: Uint8Array): Generator<Segment> {
    for (let done = 0; done < bytes.length; ) {
      if (segment.used === segmentSize) yield* next()
      const part = bytes.subarray(done, done + segmentSize - segment.used)
      segment.buffer.set(part, segment.used)
      segment.used += part.length
      done += part.length
    }
  }

  /** Puts bytes in if there is room for them: the common case, without a generator. */
  function fits(bytes: Uint8Array): boolean {
    if (bytes.length > segmentSize - segment.used) return false
    segment.buffer.set(bytes, segment.used)
    segment.used += bytes.length
    return true
  }

  function* next(): Generator<Segment> {
    const full = segment
    yield full
    segment = open(take())
  }

  function* content(entry: LayerEntry & { kind: 'file' }): Generator<Segment> {
    const { size, source } = entry
    if (source.kind === 'bytes' && source.bytes.length !== size) {
      throw new StrakeError('internal', `${textOf(entry.path)} has ${source.bytes.length} bytes, not ${size}`)
    }
    const known = source.kind === 'path' ? source.digest : undefined
    const hash = digests !== undefined && known === undefined
    const isLarge = size > segmentSize
    const reuse = earlier?.has(entry) ? `${earlier.root}/${entry.path}` : undefined
    const shared = isLarge && reuse !== undefined && upper?.shareLarge(entry, reuse) ? reuse : undefined
    const large = isLarge && shared === undefined ? upper?.createLarge(entry) : undefined
    if (!isLarge && size > segmentSize - segment.used) yield* next()
    let position = 0
    do {
      if (segment.used === segmentSize) yield* next()
      const at = segment.used
      const length = Math.min(size - position, segmentSize - at)
      const last = position + length === size
      let from: Source | undefined
      if (source.kind === 'path') from = { path: shared ?? source.path, position, last }
      else segment.buffer.set(source.bytes.subarray(position, position + length), at)
      let target: Target | undefined
      if (large !== undefined) target = { kind: 'part', path: large, position }
      else if (upper && !isLarge) target = { kind: 'whole', file: upper.file(entry), reuse }
      segment.pieces.push({ at, length, source: from, target, hash: hash && !isLarge })
      if (hash && !isLarge) segment.hashed.push(entry.path)
      if (hash && isLarge) segment.large = { path: entry.path, at, length, last }
      segment.used += length
      segment.content += length
      position += length
      if (hash && isLarge && last) yield* next()
    } while (position < size)
    const padding = zeros.subarray(0, paddingOf(size))
    if (!fits(padding)) yield* append(padding)
  }

  for (const entry of entries) {
    const header = encodeHeader(tarEntry(entry))
    if (!fits(header)) yield* append(header)
    if (entry.kind === 'file') yield* content(entry)
    else upper?.create(entry)
    if (segment.pieces.length >= piecesPerSegment) yield* next()
  }
  yield* append(zeros.subarray(0, trailerSize))
  yield segment
}

const zeros = new Uint8Array(trailerSize)

function open(buffer: Uint8Array): Segment {
  return { buffer, used: 0, pieces: [], hashed: [], large: undefined, content: 0 }
}

export function tarEntry(entry: LayerEntry): TarEntry {
  const { path, mode, uid, gid, mtime, xattrs } = entry
  const base = { path, mode, uid, gid, mtime, size: 0, ...(xattrs && { xattrs }) }
  switch (entry.kind) {
    case 'file':
      return { ...base, type: 'file', size: entry.size }
    case 'symlink':
      // Linux gives all symlinks these bits.
      return { ...base, mode: 0o777, type: 'symlink', target: entry.target }
    case 'link':
      return { ...base, type: 'link', target: entry.target }
    case 'device':
      return { ...base, type: entry.type, device: entry }
    default:
      return { ...base, type: entry.kind }
  }
}
