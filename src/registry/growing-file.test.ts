import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
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

test('what drops pages behind a reader closes its descriptor', async () => {
  using t = temporaryStore()
  const descriptors = () => readdirSync('/proc/self/fd').length
  const before = descriptors()
  using lease = t.store.lease('test')
  {
    using file = new GrowingFile(t.store, lease)
    const { done } = writer(file, 40)
    let at = 0
    for await (const bytes of file.open()) {
      assert.ok(chunk.subarray(at % mebibyte, (at % mebibyte) + bytes.length).equals(bytes))
      at += bytes.length
    }
    assert.equal(at, 40 * mebibyte)
    assert.equal((await done).size, at)
  }
  for (let turn = 0; descriptors() > before && turn < 10_000; turn++) await setImmediate()
  assert.equal(descriptors(), before)
})
