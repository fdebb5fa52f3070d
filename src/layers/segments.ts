import { StrakeError, textOf } from '../lib/mod.ts'
import { encodeHeader, paddingOf, type TarEntry, trailerSize } from '../tar/mod.ts'
import type { Source, Target } from './fill.ts'
import { PiecePacker } from './pieces.ts'
import type { EarlierFiles, FileSource, LayerEntry } from './types.ts'
import type { Upper } from './upper.ts'

type File = LayerEntry & { readonly kind: 'file' }

export const segmentSize = 2 * 1024 * 1024
/** A segment of many tiny files is closed early, so that the work is spread. */
const piecesPerSegment = 512

/** A stretch of a layer's tar. Headers and padding are in their place; the content of files is still to be filled in. */
export interface Segment {
  readonly buffer: Uint8Array
  used: number
  readonly pieces: PiecePacker
  /** For each piece that is hashed as a whole: the file, which gets the hash. */
  readonly hashed: FileSource[]
  /** The stretch of a file that is too large for one segment and is hashed across them. */
  large: { readonly file: FileSource; readonly at: number; readonly length: number; readonly last: boolean } | undefined
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
  /** Whether files whose hash is not known get it. */
  readonly digests?: boolean | undefined
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

  /** The file of the earlier layer that is the same. */
  const sameAs = (entry: File) => (earlier?.has(entry) ? `${earlier.root}/${entry.path}` : undefined)

  /** A file, where there is room for all of it. */
  function small(entry: File): void {
    const { size, source } = entry
    const at = segment.used
    const same = sameAs(entry)
    const kept = earlier?.over ? same : undefined
    const path = kept ?? (source.kind === 'path' ? source.path : undefined)
    const from: Source | undefined = path === undefined ? undefined : { path, position: 0, last: true }
    if (path === undefined && source.kind === 'bytes') segment.buffer.set(source.bytes, at)
    const target: Target | undefined =
      upper && kept === undefined ? { kind: 'whole', file: upper.file(entry), reuse: same } : undefined
    const hash = digests === true && source.sha256 === undefined
    segment.pieces.add({ at, length: size, source: from, target, hash })
    if (hash) segment.hashed.push(source)
    segment.used += size
    segment.content += size
  }

  /** A file that is larger than a segment. */
  function* large(entry: File): Generator<Segment> {
    const { size, source } = entry
    const hash = digests === true && source.sha256 === undefined
    const same = sameAs(entry)
    const shared = same !== undefined && (earlier?.over || upper?.shareLarge(entry, same)) ? same : undefined
    const path = shared === undefined ? upper?.createLarge(entry) : undefined
    for (let position = 0; position < size; ) {
      if (segment.used === segmentSize) yield* next()
      const at = segment.used
      const length = Math.min(size - position, segmentSize - at)
      const last = position + length === size
      let from: Source | undefined
      if (shared !== undefined) from = { path: shared, position, last }
      else if (source.kind === 'path') from = { path: source.path, position, last }
      else segment.buffer.set(source.bytes.subarray(position, position + length), at)
      const target: Target | undefined = path === undefined ? undefined : { kind: 'part', path, position }
      segment.pieces.add({ at, length, source: from, target, hash: false })
      if (hash) segment.large = { file: source, at, length, last }
      segment.used += length
      segment.content += length
      position += length
      if (hash && last) yield* next()
    }
  }

  for (const entry of entries) {
    const header = encodeHeader(tarEntry(entry))
    // Others may ask for headers before all of this one is taken.
    if (!fits(header)) yield* append(Uint8Array.from(header))
    if (entry.kind === 'file') {
      const { size, source, path } = entry
      if (source.kind === 'bytes' && source.bytes.length !== size) {
        throw new StrakeError('internal', `${textOf(path)} has ${source.bytes.length} bytes, not ${size}`)
      }
      if (size > segmentSize) yield* large(entry)
      else {
        if (size > segmentSize - segment.used) yield* next()
        small(entry)
      }
      const padding = zeros.subarray(0, paddingOf(size))
      if (!fits(padding)) yield* append(padding)
    } else if (!earlier?.over || !earlier.has(entry)) upper?.create(entry)
    if (segment.pieces.length >= piecesPerSegment) yield* next()
  }
  yield* append(zeros.subarray(0, trailerSize))
  yield segment
}

const zeros = new Uint8Array(trailerSize)

function open(buffer: Uint8Array): Segment {
  return { buffer, used: 0, pieces: new PiecePacker(piecesPerSegment), hashed: [], large: undefined, content: 0 }
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
