import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { layerEntries } from '../../tests/support/layer-entries.ts'
import { listTree } from '../../tests/support/list-tree.ts'
import { StrakeError } from '../lib/mod.ts'
import { applyBlob, applyLayer, dismissWorkers, Growth, packLayer, writeLayer } from './mod.ts'

const isCancelled = (error: unknown) => error instanceof StrakeError && error.code === 'cancelled'

describe('applyBlob', { skip: process.getuid?.() !== 0 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'strake-apply-blob-'))
  let count = 0
  after(async () => {
    await dismissWorkers()
    rmSync(dir, { recursive: true, force: true })
  })
  const made = () => {
    const path = join(dir, String(count++))
    mkdirSync(path)
    return path
  }

  /** The layer's tar, packed, and a file that it can be written to bit by bit. */
  async function blobOf(layer: string) {
    const bytes = gzipSync(Buffer.concat(await Array.fromAsync(packLayer(layer), (chunk) => Buffer.from(chunk))))
    const fd = openSync(join(dir, `blob-${count++}`), 'wx+')
    const growth = new Growth()
    return {
      bytes,
      fd,
      growth,
      write(from: number, to: number) {
        writeSync(fd, bytes, from, to - from, from)
        growth.grow(to)
      },
      [Symbol.dispose]: () => closeSync(fd),
    }
  }

  it('makes the same of layers that come at the same time, the topmost first, as of one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(layerEntries, { minLength: 2, maxLength: 3 }), async (stack) => {
        using blobs = new DisposableStack()
        const layers = []
        for (const entries of stack) {
          const layer = made()
          await writeLayer(layer, entries)
          layers.push(blobs.use(await blobOf(layer)))
        }
        const wanted: string[] = []
        for (const { bytes } of layers) {
          const upper = made()
          await applyLayer(upper, chunks(bytes), { lower: wanted })
          wanted.unshift(upper)
        }
        const dirs = layers.map(() => made())
        const growths = layers.map(() => new Growth())
        const all = layers.map(async (blob, i) => {
          const lower = dirs.slice(0, i).reverse()
          const applied = await applyBlob(dirs[i]!, blob, { lower, below: growths.slice(0, i) })
          growths[i]!.finish()
          return applied
        })
        for (const { bytes, write, growth } of layers.toReversed()) {
          for (let at = 0; at < bytes.length; at += 1000) write(at, Math.min(bytes.length, at + 1000))
          growth.finish()
        }
        await Promise.all(all)
        for (const [i, upper] of wanted.toReversed().entries())
          assert.deepEqual(listTree(dirs[i]!, { overlay: true }), listTree(upper, { overlay: true }))
      }),
      { numRuns: 30 },
    )
  })

  it('waits for what is below where that matters, and is told when it will never be there', async () => {
    const below = made()
    symlinkSync('usr/lib', join(below, 'lib'))
    mkdirSync(join(below, 'usr/lib'), { recursive: true })
    const above = made()
    mkdirSync(join(above, 'lib'))
    writeFileSync(join(above, 'lib/file'), 'text')
    // As tars have it that name no parents.
    const tar = Buffer.concat(await Array.fromAsync(packLayer(above), (chunk) => Buffer.from(chunk)))
    const headers = tar.indexOf('lib/file\0')
    using first = await blobOf(below)
    for (const fails of [false, true]) {
      const fd = openSync(join(dir, `blob-${count++}`), 'wx+')
      try {
        writeSync(fd, tar, headers)
        const growth = Growth.of(tar.length - headers)
        const [lower, upper] = [made(), made()]
        const done = new Growth()
        const applied = applyBlob(upper, { fd, growth }, { lower: [lower], below: [done] })
        applied.catch(() => {})
        if (fails) {
          done.fail()
          await assert.rejects(applied, isCancelled)
          continue
        }
        await applyLayer(lower, chunks(first.bytes))
        done.finish()
        await applied
        assert.deepEqual(
          listTree(upper).map((line) => line.split(' ')[0]),
          ['usr', 'usr/lib', 'usr/lib/file'],
        )
      } finally {
        closeSync(fd)
      }
    }
  })

  it('ends when the blob will never be whole', async () => {
    const layer = made()
    writeFileSync(join(layer, 'file'), 'text')
    using blob = await blobOf(layer)
    blob.write(0, 20)
    const applied = applyBlob(made(), blob, { lower: [], below: [] })
    blob.growth.fail()
    await assert.rejects(applied, isCancelled)
  })
})

async function* chunks(bytes: Uint8Array) {
  yield bytes
}
