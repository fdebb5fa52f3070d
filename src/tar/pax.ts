import { StrakeError } from '../lib/mod.ts'
import { parseDecimal, parseTime } from './numbers.ts'
import { sparseList } from './sparse.ts'
import type { ByteString } from './types.ts'

export type PaxRecord = readonly [key: ByteString, value: ByteString | Uint8Array]

/** Bytes of a PAX record `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits too (pax, Extended Header). */
export function recordLength([key, value]: PaxRecord): number {
  const body = key.length + value.length + 3
  const guess = body + digitsOf(body)
  return body + digitsOf(guess)
}

function digitsOf(number: number): number {
  let digits = 1
  for (let limit = 10; number >= limit; limit *= 10) digits++
  return digits
}

/** Writes a PAX record into a buffer. Returns where it ends. */
export function writeRecord(buffer: Buffer, offset: number, record: PaxRecord): number {
  const [key, value] = record
  const length = recordLength(record)
  if (typeof value === 'string') {
    writeText(buffer, offset, `${length} ${key}=${value}\n`, length)
  } else {
    const start = offset + buffer.write(`${length} ${key}=`, offset, 'latin1')
    buffer.set(value, start)
    buffer[offset + length - 1] = 10
  }
  return offset + length
}

const short = 128

/** Writes a byte string, or the beginning of it. Node.js' own takes longer for the short ones that most are. */
export function writeText(buffer: Buffer, offset: number, text: ByteString, limit: number): void {
  const length = Math.min(text.length, limit)
  if (length > short) buffer.write(text, offset, length, 'latin1')
  else for (let i = 0; i < length; i++) buffer[offset + i] = text.charCodeAt(i)
}

/** Reads PAX records in their order. Values are views of `body`. Throws `corrupt`. */
export function* decodeRecords(body: Buffer): Generator<[key: ByteString, value: Buffer]> {
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at)
    const digits = space < 0 ? '' : body.toString('latin1', at, Math.min(space, at + 9))
    const end = at + Number(digits)
    const equals = body.indexOf(61, space)
    if (!/^\d{1,8}$/.test(digits) || end > body.length || body[end - 1] !== 10 || equals < 0 || equals >= end) {
      throw new StrakeError('corrupt', 'invalid tar: malformed PAX record')
    }
    yield [body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1)]
    at = end
  }
}

/** Global PAX records stay for the whole archive; all of them together are held to this. */
const maxGlobal = 1024 * 1024

/** The PAX records that hold for the next entry. An empty value takes a record back (pax, Extended Header Keywords). */
export class PaxRecords {
  readonly #global = new Map<ByteString, Buffer>()
  #globalSize = 0
  #local: Map<ByteString, Buffer> | undefined
  /** Of PAX sparse 0.0, which repeats two keys for each stretch of data. */
  #stretches: number[] | undefined

  /** Whether there are records for an entry that has not come. */
  get pending(): boolean {
    return this.#local !== undefined
  }

  addGlobal(body: Buffer): void {
    this.#globalSize += body.length
    if (this.#globalSize > maxGlobal) throw new StrakeError('corrupt', 'invalid tar: too many global PAX records')
    for (const [key, value] of decodeRecords(body)) this.#global.set(key, value)
  }

  addLocal(body: Buffer): void {
    this.#local ??= new Map()
    for (const [key, value] of decodeRecords(body)) {
      this.#local.set(key, value)
      if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
        this.#stretches ??= []
        this.#stretches.push(parseDecimal(value.toString('latin1')))
      }
    }
  }

  /** Forgets what held for one entry. */
  clear(): void {
    this.#local = undefined
    this.#stretches = undefined
  }

  text(key: ByteString): ByteString | undefined {
    if (!this.#local && this.#global.size === 0) return undefined
    const value = this.#local?.get(key) ?? this.#global.get(key)
    return value?.length ? value.toString('latin1') : undefined
  }

  /** Throws `corrupt` for what is no number. */
  number(key: ByteString): number | undefined {
    const text = this.text(key)
    return text === undefined ? undefined : parseDecimal(text)
  }

  /** Nanoseconds. Throws `corrupt`. */
  time(key: ByteString): bigint | undefined {
    const text = this.text(key)
    return text === undefined ? undefined : parseTime(text)
  }

  /** The map of a sparse file of PAX sparse 0.0 or 0.1. */
  sparseMap(): number[] | undefined {
    const list = this.text('GNU.sparse.map')
    return list === undefined ? this.#stretches : sparseList(list)
  }

  xattrs(): Map<ByteString, Uint8Array> | undefined {
    let xattrs: Map<ByteString, Uint8Array> | undefined
    for (const records of [this.#global, this.#local]) {
      if (!records) continue
      for (const [key, value] of records) {
        const [prefix, decoded] = xattrOf(key, value) ?? []
        if (!prefix || !decoded) continue
        xattrs ??= new Map()
        xattrs.set(prefix, decoded)
      }
    }
    return xattrs
  }
}

/** star's records hold the value as it is, libarchive's in base64 with the name escaped as in a URL. */
function xattrOf(key: ByteString, value: Buffer): [name: ByteString, value: Uint8Array] | undefined {
  const schily = 'SCHILY.xattr.'
  if (key.startsWith(schily)) return [key.slice(schily.length), value]
  const libarchive = 'LIBARCHIVE.xattr.'
  if (!key.startsWith(libarchive)) return undefined
  const name = key
    .slice(libarchive.length)
    .replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return [name, Buffer.from(value.toString('latin1'), 'base64')]
}
