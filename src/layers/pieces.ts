import type { FileMetadata, Piece, Source, Target } from './fill.ts'
import type { ByteString } from './types.ts'

/**
 * Pieces on their way to another thread. Thousands of small objects take longer to be copied than their files to be read;
 * a few arrays and one string do not.
 */
export interface PackedPieces {
  /** For each piece: place, length, flags, and mode, uid and gid of a whole file. */
  readonly numbers: Uint32Array
  /** For each piece: the position in its source, the position in its target or the time of a whole file. */
  readonly positions: BigInt64Array
  /** Its paths, closed by NUL, which no path holds: source, target, file to reuse, as the flags say. */
  readonly paths: string
  /** Of whole files, by the number of the piece. */
  readonly xattrs: ReadonlyMap<number, ReadonlyMap<ByteString, Uint8Array>>
}

const width = 6
const hashed = 1
const sourced = 2
const last = 4
const whole = 8
const part = 16
const reusing = 32

/** Gathers the pieces of a segment, at most `room` of them. */
export class PiecePacker {
  length = 0
  #numbers: Uint32Array
  #positions: BigInt64Array
  #paths = ''
  #xattrs = new Map<number, ReadonlyMap<ByteString, Uint8Array>>()

  constructor(room: number) {
    this.#numbers = new Uint32Array(room * width)
    this.#positions = new BigInt64Array(room * 2)
  }

  add({ at, length, source, target, hash }: Piece): void {
    const index = this.length++
    const place = index * width
    let flags = hash ? hashed : 0
    if (source) {
      flags |= sourced | (source.last ? last : 0)
      this.#positions[2 * index] = BigInt(source.position)
      this.#paths += `${source.path}\0`
    }
    if (target?.kind === 'part') {
      flags |= part
      this.#positions[2 * index + 1] = BigInt(target.position)
      this.#paths += `${target.path}\0`
    } else if (target) {
      const { file, reuse } = target
      flags |= whole
      this.#positions[2 * index + 1] = file.mtime
      this.#paths += `${file.path}\0`
      this.#numbers[place + 3] = file.mode
      this.#numbers[place + 4] = file.uid
      this.#numbers[place + 5] = file.gid
      if (file.xattrs) this.#xattrs.set(index, file.xattrs)
      if (reuse !== undefined) {
        flags |= reusing
        this.#paths += `${reuse}\0`
      }
    }
    this.#numbers[place] = at
    this.#numbers[place + 1] = length
    this.#numbers[place + 2] = flags
  }

  /** Gives them all, and keeps none. */
  pack(): PackedPieces {
    const packed = {
      numbers: this.#numbers.subarray(0, this.length * width),
      positions: this.#positions.subarray(0, this.length * 2),
      paths: this.#paths,
      xattrs: this.#xattrs,
    }
    this.length = 0
    this.#numbers = new Uint32Array(0)
    this.#positions = new BigInt64Array(0)
    this.#paths = ''
    this.#xattrs = new Map()
    return packed
  }
}

export function* unpackPieces({ numbers, positions, paths, xattrs }: PackedPieces): Generator<Piece> {
  const names = paths.split('\0')
  let next = 0
  for (let index = 0; index * width < numbers.length; index++) {
    const place = index * width
    const [at, length, flags] = [numbers[place]!, numbers[place + 1]!, numbers[place + 2]!]
    let source: Source | undefined
    if (flags & sourced) {
      source = { path: names[next++]!, position: Number(positions[2 * index]), last: (flags & last) !== 0 }
    }
    let target: Target | undefined
    if (flags & part) {
      target = { kind: 'part', path: names[next++]!, position: Number(positions[2 * index + 1]) }
    } else if (flags & whole) {
      const more = xattrs.get(index)
      const file: FileMetadata = {
        path: names[next++]!,
        mode: numbers[place + 3]!,
        uid: numbers[place + 4]!,
        gid: numbers[place + 5]!,
        mtime: positions[2 * index + 1]!,
        ...(more && { xattrs: more }),
      }
      target = flags & reusing ? { kind: 'whole', file, reuse: names[next++]! } : { kind: 'whole', file }
    }
    yield { at, length, source, target, hash: (flags & hashed) !== 0 }
  }
}
