import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { type DiffId, type Digest, digestOf } from '../oci/mod.ts'
import { temporaryStore } from './testing.ts'

const absent = digestOf('absent')

test('a blob that was put is there, under its digest', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  const info = content.put('hello', lease)
  assert.deepEqual(info, { digest: digestOf('hello'), size: 5 })
  assert.deepEqual(content.info(info.digest), info)
  assert.equal(content.read(info.digest).toString(), 'hello')
  assert.equal(content.path(info.digest), join(t.root, 'blobs/sha256', info.digest.slice(7)))
  assert.equal(readFileSync(content.path(info.digest), 'utf8'), 'hello')
  assert.deepEqual([...content.walk()], [info])
  assert.deepEqual(content.put(Buffer.from('hello'), lease), info)
  assert.equal(content.put('', lease).size, 0)
})

test('an ingested blob appears with its commit, not before', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  using ingest = content.ingest(lease)
  ingest.write(Buffer.from('hel'))
  ingest.write(Buffer.from('lo'))
  assert.equal(ingest.size, 5)
  assert.equal(content.info(digestOf('hello')), undefined)
  const info = ingest.commit({ digest: digestOf('hello'), size: 5 })
  assert.deepEqual(content.info(digestOf('hello')), info)
  assert.throws(() => ingest.write(Buffer.from('more')), { code: 'internal' })
  assert.deepEqual(readdirSync(join(t.root, 'ingest')), [])
})

test('an ingest that is disposed, or not what was expected, leaves nothing', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  {
    using ingest = content.ingest(lease)
    ingest.write(Buffer.from('dropped'))
  }
  for (const expected of [{ digest: absent }, { size: 4 }, { digest: absent, size: 5 }]) {
    using ingest = content.ingest(lease)
    ingest.write(Buffer.from('hello'))
    assert.throws(() => ingest.commit(expected), { code: 'corrupt' })
  }
  assert.deepEqual([...content.walk()], [])
  assert.deepEqual(readdirSync(join(t.root, 'ingest')), [])
  assert.deepEqual(readdirSync(join(t.root, 'blobs/sha256')), [])
})

test('a blob that is not there is not found', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  assert.equal(content.info(absent), undefined)
  assert.throws(() => content.path(absent), { code: 'not_found' })
  assert.throws(() => content.open(absent), { code: 'not_found' })
  assert.throws(() => content.read(absent), { code: 'not_found' })
  assert.throws(() => content.describe(absent, { diffId: absent as string as DiffId, compression: 'none' }), {
    code: 'not_found',
  })
  assert.throws(() => lease.add({ blob: absent }), { code: 'not_found' })
  assert.throws(() => content.path('sha256:../../etc/passwd' as Digest), { code: 'not_found' })
  content.delete(absent)
})

test('open streams the whole or a range', async () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  const { digest } = content.put('0123456789', lease)
  assert.equal((await buffer(content.open(digest))).toString(), '0123456789')
  assert.equal((await buffer(content.open(digest, { start: 7 }))).toString(), '789')
  assert.equal((await buffer(content.open(digest, { start: 2, end: 4 }))).toString(), '234')
  const stream = content.open(digest)
  content.delete(digest)
  assert.equal((await buffer(stream)).toString(), '0123456789', 'what is open stays readable')
})

test('a layer is found by its diff id', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  const diffId = digestOf('the tar') as string as DiffId
  const { digest } = content.put('the compressed tar', lease)
  assert.equal(content.byDiffId(diffId), undefined)
  content.describe(digest, { diffId, compression: 'gzip' })
  assert.deepEqual(content.byDiffId(diffId), { digest, size: 18, diffId, compression: 'gzip' })
  assert.deepEqual(
    content.put('the compressed tar', lease),
    content.info(digest),
    'stored again, it keeps what is known',
  )
})

test('damage is noticed when it is read, and mended when the blob comes again', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  const { digest } = content.put('hello', lease)
  writeFileSync(content.path(digest), 'hell')
  assert.throws(() => content.read(digest), { code: 'corrupt' })
  using ingest = content.ingest(lease)
  ingest.write(Buffer.from('hello'))
  ingest.commit()
  assert.equal(content.read(digest).toString(), 'hello')
  writeFileSync(content.path(digest), '')
  content.put('hello', lease)
  assert.equal(content.read(digest).toString(), 'hello')
})

test('delete drops the blob and its file, but not what an image holds', () => {
  using t = temporaryStore()
  const { content } = t.store
  using lease = t.store.lease('test')
  const { digest } = content.put('hello', lease)
  const path = content.path(digest)
  content.delete(digest)
  assert.equal(content.info(digest), undefined)
  assert.equal(existsSync(path), false)
  content.put('hello', lease)
  t.store.db.exec(`INSERT INTO images VALUES ('${absent}', '{}', NULL, 0, 0, 'amd64', 'linux', 0);
    INSERT INTO image_blobs VALUES ('${absent}', '${digest}')`)
  assert.throws(() => content.delete(digest), { code: 'conflict' })
  assert.equal(content.read(digest).toString(), 'hello')
})

test('a lease that has ended takes nothing', () => {
  using t = temporaryStore()
  const lease = t.store.lease('test')
  lease[Symbol.dispose]()
  lease[Symbol.dispose]()
  assert.throws(() => t.store.content.put('hello', lease), { code: 'internal', message: /has ended/ })
  assert.throws(() => t.store.snapshots.prepare(undefined, lease), { code: 'internal' })
  assert.deepEqual([...t.store.content.walk()], [])
  assert.deepEqual([...t.store.snapshots.walk()], [])
})
