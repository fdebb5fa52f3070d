import { StrakeError } from '../lib/mod.ts'
import { blockSize } from './encode.ts'
import { parseNumber } from './numbers.ts'
import type { ByteString } from './types.ts'

/** What the 512 bytes of a header say, before PAX and GNU extensions. */
export interface Header {
  readonly typeflag: string
  readonly path: ByteString
  readonly target: ByteString
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Seconds since the epoch. */
  readonly mtime: number
  /** Only for devices; 0 otherwise. */
  readonly major: number
  readonly minor: number
}

/**
 * Reads a header block of any kind (v7, ustar, star, GNU).
 *
 * @returns undefined for a block of zeros
 * @throws `corrupt` when the checksum or a number is wrong
 */
export function parseHeader(block: Buffer): Header | undefined {
  if (!verifyChecksum(block)) return undefined
  const typeflag = block[156] === 0 ? '0' : String.fromCharCode(block[156]!)
  const isDevice = typeflag === '3' || typeflag === '4'
  return {
    typeflag,
    path: prefixOf(block) + field(block, 0, 100),
    target: field(block, 157, 100),
    mode: parseNumber(block, 100, 8) & 0o7777,
    uid: parseNumber(block, 108, 8),
    gid: parseNumber(block, 116, 8),
    size: notNegative(parseNumber(block, 124, 12)),
    mtime: parseNumber(block, 136, 12),
    major: isDevice ? notNegative(parseNumber(block, 329, 8)) : 0,
    minor: isDevice ? notNegative(parseNumber(block, 337, 8)) : 0,
  }
}

/** Whether the block is the header of a tar entry. */
export function isTarHeader(block: Buffer): boolean {
  try {
    return parseHeader(block) !== undefined
  } catch (error) {
    if (error instanceof StrakeError) return false
    throw error
  }
}

/** The ustar prefix field, with its slash. GNU's format has other things there, star's is shorter. */
function prefixOf(block: Buffer): ByteString {
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return ''
  const isStar = block.toString('latin1', 508, 512) === 'tar\0'
  const prefix = field(block, 345, isStar ? 131 : 155)
  return prefix && `${prefix}/`
}

/** A string that a NUL closes, or the end of its field. */
export function field(block: Buffer, offset: number, length: number): ByteString {
  const end = block.indexOf(0, offset)
  return block.toString('latin1', offset, end < 0 ? offset + length : Math.min(end, offset + length))
}

/** False for a block of zeros. Throws `corrupt`. The sum counts the checksum's own field as spaces. */
function verifyChecksum(block: Buffer): boolean {
  let sum = 0
  for (let i = 0; i < blockSize; i++) sum += block[i]!
  if (sum === 0) return false
  for (let i = 148; i < 156; i++) sum += 32 - block[i]!
  let expected: number | undefined
  try {
    expected = parseNumber(block, 148, 8)
  } catch {
    throw badChecksum()
  }
  if (sum === expected) return true
  // Some old tars summed signed bytes.
  let signed = sum
  for (let i = 0; i < blockSize; i++) if (block[i]! > 127 && (i < 148 || i >= 156)) signed -= 256
  if (signed !== expected) throw badChecksum()
  return true
}

function badChecksum(): StrakeError {
  return new StrakeError('corrupt', 'invalid tar: the checksum of a header is wrong')
}

/** An id that chown takes: -1 would mean “leave it” there. */
export function ownerId(id: number): number {
  if (id < 0 || id >= 0xffffffff) throw new StrakeError('corrupt', `invalid tar: ${id} can't be a user or group`)
  return id
}

function notNegative(value: number): number {
  if (value < 0) throw new StrakeError('corrupt', 'invalid tar: a size or device number is negative')
  return value
}
