import { StrakeError } from '../lib/mod.ts'

/**
 * Reads a numeric field: octal digits, which spaces or a NUL may close, or GNU's base-256: big-endian two's complement
 * after a first bit that is set. An empty field is 0.
 *
 * @throws `corrupt` for anything else, and for numbers beyond 2^53
 */
export function parseNumber(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset]!
  if (first & 0x80) return parseBase256(block, offset, length)
  let at = offset
  const end = offset + length
  while (at < end && (block[at] === 32 || block[at] === 0)) at++
  let value = 0
  for (; at < end; at++) {
    const digit = block[at]! - 48
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  for (; at < end && block[at] !== 0; at++) if (block[at] !== 32) throw invalidNumber()
  if (!Number.isSafeInteger(value)) throw invalidNumber()
  return value
}

function parseBase256(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset]!
  let value = (first & 0x7f) - (first & 0x40 ? 128 : 0)
  for (let at = offset + 1; at < offset + length; at++) value = value * 256 + block[at]!
  if (!Number.isSafeInteger(value)) throw invalidNumber()
  return value
}

/** Reads decimal seconds, with a fraction or not, as nanoseconds. Digits beyond nanoseconds are cut. Throws `corrupt`. */
export function parseTime(text: string): bigint {
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text)
  if (!match) throw invalidNumber()
  const absolute = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  return match[1] ? -absolute : absolute
}

/** Reads a decimal number of at most 2^53. Throws `corrupt`. */
export function parseDecimal(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw invalidNumber()
  return value
}

function invalidNumber(): StrakeError {
  return new StrakeError('corrupt', 'invalid tar: a number in a header is malformed or absurdly large')
}
