import { timingSafeEqual } from 'node:crypto'

/**
 * bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme", 1999), for passwords that come from htpasswd files.
 * It is checked only, never made: what is checked successfully is stored as scrypt from then on.
 */
const pattern = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/
/** 2^14 rounds take seconds; a hash that asks for more is not one of a person's password. */
const maxCost = 14

export function isBcrypt(stored: string): boolean {
  const cost = Number(pattern.exec(stored)?.[1])
  return cost >= 4 && cost <= maxCost
}

/** Whether it is the password. Gives way to others from time to time, since it takes up to seconds. */
export async function bcryptMatches(password: string, stored: string): Promise<boolean> {
  const [, cost, salt, expected] = pattern.exec(stored) ?? []
  if (cost === undefined || salt === undefined || expected === undefined) return false
  // bcrypt reads a C string: the terminating zero belongs to the key, and bytes beyond 72 do not.
  const key = Buffer.concat([Buffer.from(password), Buffer.of(0)]).subarray(0, 72)
  const words = decode(salt, 16)
  const cipher = new Blowfish()
  cipher.expand(key, words)
  for (let i = 0; i < 2 ** Number(cost); i++) {
    if (i % 64 === 63) await new Promise((resolve) => setImmediate(resolve))
    cipher.expand(key)
    cipher.expand(words)
  }
  const text = Buffer.from('OrpheanBeholderScryDoubt')
  for (let at = 0; at < text.length; at += 8) {
    const block = { left: text.readUInt32BE(at), right: text.readUInt32BE(at + 4) }
    for (let i = 0; i < 64; i++) cipher.encrypt(block)
    text.writeUInt32BE(block.left >>> 0, at)
    text.writeUInt32BE(block.right >>> 0, at + 4)
  }
  return timingSafeEqual(text.subarray(0, 23), decode(expected, 23))
}

interface Block {
  left: number
  right: number
}

class Blowfish {
  readonly #p: Int32Array
  readonly #s: Int32Array

  constructor() {
    const digits = piDigits()
    this.#p = digits.slice(0, 18)
    this.#s = digits.slice(18)
  }

  /** Mixes a key, and a salt perhaps, into the state. */
  expand(key: Uint8Array, salt?: Uint8Array): void {
    const next = cycle(key)
    for (let i = 0; i < 18; i++) this.#p[i]! ^= next()
    const salted = salt ? cycle(salt) : () => 0
    const block = { left: 0, right: 0 }
    for (const table of [this.#p, this.#s]) {
      for (let i = 0; i < table.length; i += 2) {
        block.left ^= salted()
        block.right ^= salted()
        this.encrypt(block)
        table[i] = block.left
        table[i + 1] = block.right
      }
    }
  }

  encrypt(block: Block): void {
    const p = this.#p
    const s = this.#s
    let left = block.left
    let right = block.right
    for (let i = 0; i < 16; i += 2) {
      left ^= p[i]!
      right ^=
        (((s[left >>> 24]! + s[256 + ((left >>> 16) & 255)]!) ^ s[512 + ((left >>> 8) & 255)]!) +
          s[768 + (left & 255)]!) |
        0
      right ^= p[i + 1]!
      left ^=
        (((s[right >>> 24]! + s[256 + ((right >>> 16) & 255)]!) ^ s[512 + ((right >>> 8) & 255)]!) +
          s[768 + (right & 255)]!) |
        0
    }
    block.left = right ^ p[17]!
    block.right = left ^ p[16]!
  }
}

/** Gives the bytes as 32-bit words, over and over. */
function cycle(bytes: Uint8Array): () => number {
  let at = 0
  return () => {
    let word = 0
    for (let i = 0; i < 4; i++) {
      word = (word << 8) | bytes[at]!
      at = (at + 1) % bytes.length
    }
    return word
  }
}

let pi: Int32Array | undefined

/** The first 33,344 bits of the fraction of pi, which Blowfish begins with: Machin's formula. */
function piDigits(): Int32Array {
  if (pi) return pi
  const count = 18 + 4 * 256
  const bits = BigInt(32 * count + 64)
  const one = 1n << bits
  const arctan = (inverse: bigint) => {
    const square = inverse * inverse
    let term = one / inverse
    let sum = term
    for (let n = 3n, sign = -1n; term > 0n; n += 2n, sign = -sign) {
      term /= square
      sum += (sign * term) / n
    }
    return sum
  }
  const fraction = (4n * (4n * arctan(5n) - arctan(239n)) - 3n * one) >> 64n
  const hex = fraction.toString(16).padStart(8 * count, '0')
  pi = Int32Array.from({ length: count }, (_, i) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16) | 0)
  return pi
}

const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Reads bcrypt's own base64. */
function decode(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let word = 0
  let bits = 0
  let at = 0
  for (const character of text) {
    word = (word << 6) | alphabet.indexOf(character)
    bits += 6
    if (bits < 8) continue
    bits -= 8
    if (at < length) bytes[at++] = (word >>> bits) & 255
    word &= (1 << bits) - 1
  }
  return bytes
}
