import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { compress, decompress, dismissWorkers } from './mod.ts'

after(dismissWorkers)

function chunked(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks)
}

async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes, (chunk) => Buffer.from(chunk)))
}

/** Text that repeats itself beyond the edges of blocks, and some noise. */
function sample(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[at] = at % 5000 < 200 ? state >>> 24 : 97 + ((at * at) % 26)
  }
  return bytes
}

const mebibyte = 1024 * 1024
const sizes = [0, 1, 1000, mebibyte - 1, mebibyte, mebibyte + 1, 2 * mebibyte, 9 * mebibyte + 12345]

describe('compress', () => {
  for (const kind of ['gzip', 'zstd'] as const) {
    it(`${kind} comes back as it was, and does not depend on the chunks`, async () => {
      for (const size of sizes) {
        const bytes = sample(size)
        const compressed = await all(compress(chunked(bytes, 65_536), { kind }))
        assert.ok((await all(decompress(chunked(compressed, 10_007)))).equals(bytes), `${size}`)
        assert.ok(compressed.equals(await all(compress(chunked(bytes, 777_777), { kind }))), `${size}`)
        const output = execFileSync(kind, ['-dc'], { input: compressed, maxBuffer: 2 * size + 1000 })
        assert.ok(output.equals(bytes), `${kind} ${size}`)
      }
    })
  }

  it('gzip is one member, as small as one thread would make it', async () => {
    const bytes = sample(9 * mebibyte)
    const compressed = await all(compress(chunked(bytes, 65_536), { kind: 'gzip', level: 6 }))
    const single = execFileSync('gzip', ['-6', '-c'], { input: bytes, maxBuffer: 2 * bytes.length })
    assert.ok(compressed.length < single.length * 1.05, `${compressed.length} of ${single.length}`)
    assert.equal(compressed.indexOf(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), 1), -1)
    assert.ok(gunzipSync(compressed).equals(bytes))
  })

  it('stores what can not be packed, and nothing else', async () => {
    const noise = randomBytes(2 * mebibyte + 70_000)
    const size = async (bytes: Buffer, level?: number) => {
      const compressed = await all(compress(chunked(bytes, 65_536), { kind: 'gzip', ...(level && { level }) }))
      assert.ok(gunzipSync(compressed).equals(bytes))
      assert.ok((await all(decompress(chunked(compressed, 10_007)))).equals(bytes))
      return compressed.length
    }
    for (const length of [noise.length, 65_535, 65_536, 10_000, 100]) {
      assert.ok((await size(noise.subarray(0, length))) < length * 1.001 + 100, String(length))
    }
    const mixed = Buffer.from(noise)
    for (let at = 0; at < mixed.length; at += 1000) mixed.fill('some text ', at, at + 100)
    assert.ok((await size(mixed)) < mixed.length * 0.95)
    const repeated = Buffer.alloc(noise.length, noise.subarray(0, 256))
    assert.ok((await size(repeated)) < repeated.length * 0.05)
  })

  it('takes levels', async () => {
    const bytes = sample(mebibyte)
    for (const kind of ['gzip', 'zstd'] as const) {
      const [low, high] = [
        await all(compress(chunked(bytes, 65_536), { kind, level: 1 })),
        await all(compress(chunked(bytes, 65_536), { kind, level: 9 })),
      ]
      assert.ok(!high.equals(low))
      for (const compressed of [low, high]) assert.ok((await all(decompress(chunked(compressed, 4096)))).equals(bytes))
    }
    for (const level of [0, 10, 1.5, Number.NaN])
      assert.throws(() => compress(chunked(bytes, 1), { kind: 'gzip', level }), { code: 'invalid' })
  })

  it('none passes through', async () => {
    assert.ok((await all(compress(chunked(sample(1000), 100), { kind: 'none' }))).equals(sample(1000)))
  })

  it('passes on errors of the source', async () => {
    async function* failing() {
      yield sample(3 * mebibyte)
      throw new Error('connection lost')
    }
    for (const kind of ['gzip', 'zstd'] as const)
      await assert.rejects(all(compress(failing(), { kind })), /connection lost/)
  })

  it('can be left before its end', async () => {
    for (const kind of ['gzip', 'zstd'] as const) {
      for await (const chunk of compress(chunked(sample(9 * mebibyte), 65_536), { kind })) {
        assert.ok(chunk.length > 0)
        break
      }
    }
  })
})
