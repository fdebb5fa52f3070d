import { StrakeError } from '../lib/mod.ts'
import { blockSize, paddingOf } from './encode.ts'
import { field, type Header, ownerId, parseHeader } from './header.ts'
import { parseNumber } from './numbers.ts'
import { PaxRecords } from './pax.ts'
import { checkSparseMap, gnuSparseFields, type SparseMap, SparseMapReader } from './sparse.ts'
import type { ByteString, EntryType, TarEntry } from './types.ts'

/** What takes a decoded tar. The calls come in the order of the archive; an error that one throws ends the decoding. */
export interface TarHandler {
  entry(entry: TarEntry): void
  /**
   * Content of the last entry. `bytes` are only valid during the call. The holes of a sparse file are left out: the
   * bytes after one come with a higher `position`.
   */
  data(bytes: Uint8Array, position: number): void
  /** All of the last entry has come. */
  close(): void
}

/** PAX headers and long names beyond this are refused. */
const maxExtension = 1024 * 1024

const types: Record<string, EntryType> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
}

type State =
  | { readonly kind: 'header' }
  /** After the first of the two blocks of zeros that close an archive. */
  | { readonly kind: 'closing' }
  /** PAX records or a long name. `body` is padded, `size` says how much of it counts. */
  | {
      readonly kind: 'extension'
      readonly typeflag: string
      readonly size: number
      readonly body: Buffer
      filled: number
    }
  /** More blocks of a map follow the header. */
  | { readonly kind: 'gnu sparse'; readonly header: Header; readonly size: number; readonly map: number[] }
  /** The map stands before the data. */
  | { readonly kind: 'pax sparse'; readonly header: Header; readonly reader: SparseMapReader; left: number }
  | {
      readonly kind: 'data'
      readonly map: SparseMap
      stretch: number
      done: number
      left: number
      readonly padding: number
    }
  | { readonly kind: 'skip'; left: number }
  | { readonly kind: 'end' }

/**
 * Decodes a tar as its bytes come: v7, ustar, PAX, star and GNU, with long names, large numbers and sparse files.
 * Content is handed on without a copy. Bytes after the end of the archive are ignored; it may also end without the
 * closing blocks, as some writers leave them out.
 */
export class TarDecoder {
  readonly #handler: TarHandler
  readonly #pax = new PaxRecords()
  readonly #block = Buffer.alloc(blockSize)
  #filled = 0
  #state: State = { kind: 'header' }
  #longPath: ByteString | undefined
  #longTarget: ByteString | undefined

  constructor(handler: TarHandler) {
    this.#handler = handler
  }

  /** Takes the next bytes. Throws `corrupt`, and what the handler throws; the decoder is of no use after that. */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    for (let at = 0; at < bytes.length; ) {
      const state = this.#state
      switch (state.kind) {
        case 'data':
          at += this.#data(state, bytes, at)
          break
        case 'skip': {
          const count = Math.min(state.left, bytes.length - at)
          at += count
          this.#skip(state.left - count)
          break
        }
        case 'extension': {
          const count = bytes.copy(state.body, state.filled, at, at + state.body.length - state.filled)
          at += count
          state.filled += count
          if (state.filled === state.body.length) this.#extension(state.typeflag, state.body.subarray(0, state.size))
          break
        }
        case 'end':
          return
        default:
          at += this.#collect(bytes, at)
      }
    }
  }

  /** No more bytes will come. Throws `corrupt` when the archive is cut off. */
  end(): void {
    const { kind } = this.#state
    const pending = this.#pax.pending || this.#longPath !== undefined || this.#longTarget !== undefined
    const complete = kind === 'end' || kind === 'closing' || (kind === 'header' && !pending)
    if (!complete || this.#filled > 0) throw new StrakeError('corrupt', 'invalid tar: it is cut off')
  }

  /** Brings a whole block together, without a copy where the bytes hold one. */
  #collect(bytes: Buffer, at: number): number {
    if (this.#filled === 0 && bytes.length - at >= blockSize) {
      this.#takeBlock(bytes.subarray(at, at + blockSize))
      return blockSize
    }
    const count = bytes.copy(this.#block, this.#filled, at, at + blockSize - this.#filled)
    this.#filled += count
    if (this.#filled === blockSize) {
      this.#filled = 0
      this.#takeBlock(this.#block)
    }
    return count
  }

  #takeBlock(block: Buffer): void {
    const state = this.#state
    if (state.kind === 'gnu sparse') {
      gnuSparseFields(state.map, block.subarray(0, 504))
      if (block[504] === 0) this.#open(state.header, state)
    } else if (state.kind === 'pax sparse') {
      state.left -= blockSize
      if (state.left < 0) throw new StrakeError('corrupt', 'invalid tar: malformed map of a sparse file')
      if (!state.reader.take(block)) return
      const size = this.#pax.number('GNU.sparse.realsize') ?? 0
      this.#open({ ...state.header, size: state.left }, { size, map: state.reader.map })
    } else this.#header(block)
  }

  #header(block: Buffer): void {
    const closing = this.#state.kind === 'closing'
    const parsed = parseHeader(block)
    if (!parsed) {
      this.#state = { kind: closing ? 'end' : 'closing' }
      return
    }
    if (closing) throw new StrakeError('corrupt', 'invalid tar: something follows a lone block of zeros')
    const { typeflag } = parsed
    if ('xXgLK'.includes(typeflag)) this.#openExtension(typeflag, parsed.size)
    // The label of a GNU archive is no entry.
    else if (typeflag === 'V') this.#skip(parsed.size + paddingOf(parsed.size))
    else this.#openEntry({ ...parsed, size: this.#pax.number('size') ?? parsed.size }, block)
  }

  #openExtension(typeflag: string, size: number): void {
    if (size > maxExtension) throw new StrakeError('corrupt', 'invalid tar: an extended header is absurdly large')
    if (size === 0) this.#extension(typeflag, Buffer.alloc(0))
    else {
      const body = Buffer.allocUnsafe(size + paddingOf(size))
      this.#state = { kind: 'extension', typeflag, size, body, filled: 0 }
    }
  }

  #extension(typeflag: string, body: Buffer): void {
    if (typeflag === 'g') this.#pax.addGlobal(body)
    else if (typeflag === 'L') this.#longPath = field(body, 0, body.length)
    else if (typeflag === 'K') this.#longTarget = field(body, 0, body.length)
    else this.#pax.addLocal(body)
    this.#state = { kind: 'header' }
  }

  #openEntry(header: Header, block: Buffer): void {
    const pax = this.#pax
    if (header.typeflag === 'S') {
      const map: number[] = []
      gnuSparseFields(map, block.subarray(386, 482))
      const size = parseNumber(block, 483, 12)
      if (block[482] !== 0) this.#state = { kind: 'gnu sparse', header, map, size }
      else this.#open(header, { size, map })
    } else if (pax.text('GNU.sparse.major') === '1' && pax.text('GNU.sparse.minor') === '0') {
      this.#state = { kind: 'pax sparse', header, reader: new SparseMapReader(), left: header.size }
    } else {
      const map = pax.sparseMap()
      const size = pax.number('GNU.sparse.size') ?? pax.number('GNU.sparse.realsize') ?? 0
      this.#open(header, map && { map, size })
    }
  }

  /** Hands an entry on. `header.size` is what the archive holds of it; a sparse file's real size is another. */
  #open(header: Header, sparse?: { readonly map: SparseMap; readonly size: number }): void {
    const entry = this.#entry(header, sparse?.size)
    const hasContent = entry.type === 'file' || header.typeflag === 'D'
    const stored = hasContent ? header.size : 0
    if (sparse) checkSparseMap(sparse.map, sparse.size, stored)
    this.#pax.clear()
    this.#longPath = undefined
    this.#longTarget = undefined
    this.#handler.entry(entry)
    const padding = paddingOf(stored)
    if (entry.type === 'file' && stored > 0) {
      const map = sparse?.map ?? [0, stored]
      this.#state = { kind: 'data', map, stretch: 0, done: 0, left: stored, padding }
    } else {
      this.#handler.close()
      this.#skip(stored + padding)
    }
  }

  #entry(header: Header, sparseSize: number | undefined): TarEntry {
    const pax = this.#pax
    const named = pax.text('GNU.sparse.name') ?? pax.text('path') ?? this.#longPath ?? header.path
    let type = types[header.typeflag]
    if (!type) {
      throw new StrakeError('corrupt', `invalid tar: unknown type of entry ${JSON.stringify(header.typeflag)}`)
    }
    // v7 had no type for directories, only a slash.
    if (type === 'file' && header.size === 0 && named.endsWith('/')) type = 'directory'
    const target = pax.text('linkpath') ?? this.#longTarget ?? header.target
    const xattrs = pax.xattrs()
    return {
      path: withoutClosingSlashes(named),
      type,
      mode: header.mode,
      uid: ownerId(pax.number('uid') ?? header.uid),
      gid: ownerId(pax.number('gid') ?? header.gid),
      size: type === 'file' ? (sparseSize ?? header.size) : 0,
      mtime: pax.time('mtime') ?? BigInt(header.mtime) * 1_000_000_000n,
      ...((type === 'symlink' || type === 'link') && { target }),
      ...((type === 'char' || type === 'block') && { device: { major: header.major, minor: header.minor } }),
      ...(xattrs && { xattrs }),
    }
  }

  #data(state: State & { kind: 'data' }, bytes: Buffer, at: number): number {
    const { map } = state
    while (state.done === map[state.stretch + 1]) {
      state.stretch += 2
      state.done = 0
    }
    const offset = map[state.stretch]!
    const count = Math.min(map[state.stretch + 1]! - state.done, bytes.length - at)
    this.#handler.data(bytes.subarray(at, at + count), offset + state.done)
    state.done += count
    state.left -= count
    if (state.left === 0) {
      this.#handler.close()
      this.#skip(state.padding)
    }
    return count
  }

  #skip(left: number): void {
    this.#state = left > 0 ? { kind: 'skip', left } : { kind: 'header' }
  }
}

function withoutClosingSlashes(path: ByteString): ByteString {
  let end = path.length
  while (end > 0 && path[end - 1] === '/') end--
  return path.slice(0, end)
}
