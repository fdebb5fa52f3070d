import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { temporaryStore } from '../store/testing.ts'
import { GrowingFile } from './growing-file.ts'

const mebibyte = 1024 * 1024
const chunk = randomBytes(mebibyte)

/** Writes as packing does, and counts what it has written. */
function writer(file: GrowingFile, chunks: number) {
  const written = { bytes: 0 }
  const done = (async () => {
    for (let i = 0; i < chunks; i++) {
      file.write(chunk)
      written.bytes += chunk.length
      await file.keepPace()
    }
    return file.commit()
  })()
  return { written, done }
}

async function aWhile(): Promise<void> {
  for (let i = 0; i < 100; i++) await setImmediate()
}

test('who writes does not get far ahead of who reads, and waits for nobody else', async () => {
  using t = temporaryStore()
  using lease = t.store.lease('test')
  using file = new GrowingFile(t.store, lease)
  const slow = file.open()
  const { written, done } = writer(file, 64)
  let read = (await slow.next()).value!.length
  await aWhile()
  assert.ok(written.bytes > 8 * mebibyte && written.bytes < 32 * mebibyte, String(written.bytes))
  for await (const part of slow) read += part.length
  assert.equal(read, 64 * mebibyte)
  assert.equal((await done).size, read)
})

test('who gives up reading holds nobody up', async () => {
  using t = temporaryStore()
  using lease = t.store.lease('test')
  using file = new GrowingFile(t.store, lease)
  const slow = file.open()
  const { written, done } = writer(file, 64)
  await slow.next()
  await aWhile()
  assert.ok(written.bytes < 64 * mebibyte)
  await slow.return(undefined)
  assert.equal((await done).size, 64 * mebibyte)
})
