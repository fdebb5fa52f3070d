import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { StrakeError } from '../lib/mod.ts'
import { decompress } from './decompress.ts'

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function unpacked(packed: Uint8Array, size = packed.length): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of decompress(pieces(packed, size))) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const texts = [
  Buffer.from('a short text'),
  Buffer.alloc(3_000_000, 'many times the same '),
  randomBytes(1_000_000),
  Buffer.alloc(0),
  // As much as a chunk of what is unpacked, to the byte.
  Buffer.alloc(256 * 1024, 'x'),
]

test('gzip, of one member and of several, however it comes', async () => {
  for (const text of texts) assert.ok((await unpacked(gzipSync(text))).equals(text))
  const whole = Buffer.concat(texts)
  const packed = Buffer.concat(texts.map((text, i) => gzipSync(text, { level: i })))
  for (const size of [packed.length, 65_536, 1000, 7])
    assert.ok((await unpacked(packed, size)).equals(whole), `${size}`)
  const small = Buffer.concat(['one ', 'two ', ''].map((text) => gzipSync(text)))
  for (let size = 1; size <= small.length; size++) assert.equal((await unpacked(small, size)).toString(), 'one two ')
})

test('gzip with a name, a comment and more in its header', async () => {
  const plain = gzipSync('text')
  const extra = Buffer.from([5, 0, ...Buffer.from('extra')])
  const named = Buffer.concat([plain.subarray(0, 10), extra, Buffer.from('name\0comment\0'), plain.subarray(10)])
  named[3] = 4 | 8 | 16
  for (let size = 1; size <= named.length; size++) assert.equal((await unpacked(named, size)).toString(), 'text')
})

test('zeros may follow gzip', async () => {
  const padded = Buffer.concat([gzipSync('text'), Buffer.alloc(1000)])
  for (const size of [padded.length, 7, 1]) assert.equal((await unpacked(padded, size)).toString(), 'text')
})

test('gzip that is damaged or cut off is told at any place', async () => {
  const packed = gzipSync(Buffer.concat([randomBytes(500), Buffer.alloc(2000, 'abc')]))
  const isCorrupt = (error: unknown) => error instanceof StrakeError && error.code === 'corrupt'
  for (let length = 3; length < packed.length; length++) {
    await assert.rejects(unpacked(packed.subarray(0, length)), isCorrupt, `${length} bytes`)
  }
  for (const place of [2, 11, 300, packed.length - 8, packed.length - 1]) {
    const wrong = Buffer.from(packed)
    wrong[place]! ^= 0x5a
    await assert.rejects(unpacked(wrong), isCorrupt, `byte ${place}`)
  }
  await assert.rejects(unpacked(Buffer.concat([packed, Buffer.from('something else')])), isCorrupt)
})
