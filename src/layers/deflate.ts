import { constants, deflateRawSync } from 'node:zlib'
import { isal } from '../host/mod.ts'

/** Deflates a block of a longer stream. */
export interface DeflateJob {
  readonly kind: 'deflate'
  /** The end of the block before, then the block. */
  readonly input: Uint8Array
  readonly dictionary: number
  /** Gets what it is packed into, with the room that `packedRoom` says. */
  readonly output: Uint8Array
  /** zlib's. Where it is left out, whatever packs best in the time that there is. */
  readonly level: number | undefined
  readonly last: boolean
}

/** Most bytes that a block may take: data that can't be packed is stored, with 5 bytes for each 16 KiB and an end. */
export function packedRoom(block: number): number {
  return block + (block >> 10) + 1024
}

/**
 * A block that is not the last one ends at a byte boundary: with a stored block, which may be empty (RFC 1951).
 *
 * @returns the number of bytes
 */
export function deflateBlock({ input, dictionary, output, level, last }: DeflateJob): number {
  const block = input.subarray(dictionary)
  if (level === undefined && looksRandom(block)) return store(block, output, last)
  const quick = level === undefined ? isal() : undefined
  if (quick) return quick.deflate(block, output, last)
  const packed = deflateRawSync(block, {
    level: level ?? 6,
    ...(dictionary > 0 && { dictionary: input.subarray(0, dictionary) }),
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
  })
  output.set(packed)
  return packed.length
}

const stretches = 128
const stretch = 64

/**
 * Whether all bytes are as frequent as each other, as in what is compressed or encrypted already: trying to pack that takes longer
 * than all else. Looks at stretches in equal distances; some 1 % of zeros, or 5 % of text, are noticed.
 */
function looksRandom(block: Uint8Array): boolean {
  const sampled = stretches * stretch
  if (block.length < sampled) return false
  const counts = new Uint32Array(256)
  for (let i = 0; i < stretches; i++) {
    const from = Math.floor((i * (block.length - stretch)) / (stretches - 1))
    for (let at = from; at < from + stretch; at++) counts[block[at]!]!++
  }
  const expected = sampled / 256
  let chiSquared = 0
  for (const count of counts) chiSquared += (count - expected) ** 2 / expected
  // Of 255 degrees of freedom: the mean, and six deviations.
  return chiSquared < 255 + 6 * Math.sqrt(2 * 255)
}

const longest = 65_535

/** Stored blocks (RFC 1951, 3.2.4). */
function store(bytes: Uint8Array, output: Uint8Array, last: boolean): number {
  let end = 0
  for (let at = 0; at < bytes.length; at += longest) {
    const part = bytes.subarray(at, at + longest)
    const { length } = part
    output[end] = last && at + length === bytes.length ? 1 : 0
    output[end + 1] = length
    output[end + 2] = length >> 8
    output[end + 3] = ~length
    output[end + 4] = ~length >> 8
    output.set(part, end + 5)
    end += 5 + length
  }
  return end
}
