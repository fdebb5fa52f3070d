import { StrakeError } from '../lib/mod.ts'
import type { ByteString } from './types.ts'

/**
 * Writes PAX records: `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits too (pax, Extended Header).
 */
export function encodeRecords(records: readonly (readonly [ByteString, ByteString | Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [key, value] of records) {
    const body = key.length + value.length + 3
    let length = body + String(body).length
    length = body + String(length).length
    parts.push(Buffer.from(`${length} ${key}=`, 'latin1'))
    parts.push(typeof value === 'string' ? Buffer.from(value, 'latin1') : value, Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

/** Reads PAX records in their order. Values are bytes of `body`. Throws `corrupt`. */
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
