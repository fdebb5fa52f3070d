import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { digestOf } from '../oci/mod.ts'
import { ownIdentity } from './owner.ts'
import { temporaryStore } from './testing.ts'
import type { Lease, SnapshotId, Store } from './types.ts'

function committed(store: Store, parent: SnapshotId | undefined, lease: Lease): SnapshotId {
  const { id, dir } = store.snapshots.prepare(parent, lease)
  writeFileSync(join(dir, 'file'), '12345')
  store.snapshots.commit(id)
  return id
}

const ids = (store: Store) => [...store.snapshots.walk()].map((snapshot) => snapshot.id)

test('what something lasting refers to stays, with all below it; the rest goes', () => {
  using t = temporaryStore()
  const lease = t.store.lease('test')
  const base = committed(t.store, undefined, lease)
  const [image, container, cache] = [1, 2, 3].map(() => committed(t.store, base, lease))
  const other = committed(t.store, undefined, lease)
  const top = committed(t.store, other, lease)
  const kept = t.store.content.put('kept', lease)
  const lost = t.store.content.put('lost!!', lease)
  t.store.db.exec(`
    INSERT INTO images VALUES ('i', '{}', ${image}, 0, 0, 'amd64', 'linux', 0);
    INSERT INTO image_blobs VALUES ('i', '${kept.digest}');
    INSERT INTO containers VALUES ('c', 'name', 'i', ${container}, 0, '{}', '{}');
    INSERT INTO cache VALUES ('k', 'o', ${cache}, '', 0, 0, 0)`)
  assert.deepEqual(t.store.collect(), { blobs: 0, snapshots: 0, bytes: 0 }, 'a lease holds it all')
  lease[Symbol.dispose]()
  assert.deepEqual(t.store.collect(), { blobs: 1, snapshots: 2, bytes: 16 })
  assert.deepEqual(ids(t.store), [base, image, container, cache])
  assert.deepEqual(readdirSync(join(t.root, 'snapshots')).sort(), [base, image, container, cache].map(String).sort())
  assert.throws(() => t.store.snapshots.stack(top), { code: 'not_found' })
  assert.equal(t.store.content.info(lost.digest), undefined)
  assert.deepEqual(readdirSync(join(t.root, 'blobs/sha256')), [kept.digest.slice(7)])
  t.store.db.exec('DELETE FROM images; DELETE FROM containers; DELETE FROM cache')
  assert.deepEqual(t.store.collect(), { blobs: 1, snapshots: 4, bytes: 24 })
  assert.deepEqual(readdirSync(join(t.root, 'snapshots')), [])
  assert.deepEqual(readdirSync(join(t.root, 'trash')), [])
})

test('files that no row knows go, but not what is just being written', () => {
  using t = temporaryStore()
  using lease = t.store.lease('test')
  using ingest = t.store.content.ingest(lease)
  ingest.write(Buffer.from('hello'))
  mkdirSync(join(t.root, 'snapshots/77/fs'), { recursive: true })
  writeFileSync(join(t.root, 'snapshots/77/fs/file'), '123')
  writeFileSync(join(t.root, 'snapshots/strange'), '')
  writeFileSync(join(t.root, 'blobs/sha256', digestOf('x').slice(7)), 'x')
  writeFileSync(join(t.root, 'ingest/999-0'), 'unfinished')
  mkdirSync(join(t.root, 'trash/left/behind'), { recursive: true })
  assert.deepEqual(t.store.check({ content: true }), [], 'a kill leaves such things: they are no damage')
  assert.deepEqual(t.store.collect(), { blobs: 0, snapshots: 0, bytes: 14 })
  assert.deepEqual(readdirSync(join(t.root, 'snapshots')), [])
  assert.deepEqual(readdirSync(join(t.root, 'blobs/sha256')), [])
  assert.deepEqual(readdirSync(join(t.root, 'trash')), [])
  assert.equal(ingest.commit().size, 5)
})

test('what was kept of downloads and contexts goes when it was not used for long', ({ mock }) => {
  using t = temporaryStore()
  for (const name of ['http/a.body', 'http/a.json', 'stat/b', 'downloads/c']) {
    mkdirSync(join(t.root, 'cache', dirname(name)), { recursive: true })
    writeFileSync(join(t.root, 'cache', name), '12345')
  }
  // The server's time is no time of use.
  utimesSync(join(t.root, 'cache/http/a.body'), 0, 0)
  const left = () => readdirSync(join(t.root, 'cache'), { recursive: true }).sort()
  const folders = ['downloads', 'http', 'stat']
  t.store.collect()
  assert.equal(left().length, 7)
  const day = 24 * 3_600_000
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * day })
  t.store.collect()
  assert.deepEqual(left(), [...folders, 'http/a.body', 'http/a.json', 'stat/b'].sort())
  mock.timers.setTime(Date.now() + 30 * day)
  assert.equal(t.store.collect().bytes, 15)
  assert.deepEqual(left(), folders)
})

test('the lease of a process that has ended is void', async () => {
  using t = temporaryStore()
  const code = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'open.ts'))}
    const store = openStore(${JSON.stringify(t.root)})
    store.content.put('hello', store.lease('test'))
    console.log('ready')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    assert.equal(t.store.collect().blobs, 0)
  } finally {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  assert.equal(t.store.collect().blobs, 1)
})

test('leases of another boot are void, of another pid namespace for a day alive', () => {
  using t = temporaryStore()
  const [boot, namespace, process] = ownIdentity().split(' ')
  const day = 24 * 60 * 60 * 1000
  const owners = [
    { owner: `${boot} ${namespace} ${process}`, at: 0, alive: true },
    { owner: `${boot} ${namespace} 1${process}`, at: Date.now(), alive: false },
    { owner: `${boot} ${namespace} ${process}1`, at: Date.now(), alive: false },
    { owner: `another ${namespace} ${process}`, at: Date.now(), alive: false },
    { owner: `${boot} pid:[1] 5.5`, at: Date.now() - day / 2, alive: true },
    { owner: `${boot} pid:[2] 5.5`, at: Date.now() - day * 2, alive: false },
    { owner: 'rubbish', at: Date.now(), alive: false },
  ]
  const insert = t.store.db.prepare('INSERT INTO leases (owner, purpose, created_at) VALUES (?, ?, ?)')
  for (const { owner, at } of owners) insert.run(owner, 'test', at)
  t.store.collect()
  const left = t.store.db.prepare('SELECT owner FROM leases ORDER BY id').all()
  assert.deepEqual(
    left.map((row) => row.owner),
    owners.filter((owner) => owner.alive).map((owner) => owner.owner),
  )
})

test('a mounted overlay and what it leaves is collected', { skip: process.getuid?.() !== 0 }, () => {
  using t = temporaryStore()
  const code = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'open.ts'))}
    import { enterPrivateMounts, mountOverlay } from ${JSON.stringify(join(import.meta.dirname, '../host/mod.ts'))}
    import { mkdirSync, rmSync } from 'node:fs'
    const store = openStore(${JSON.stringify(t.root)})
    const lease = store.lease('test')
    const base = store.snapshots.prepare(undefined, lease)
    mkdirSync(base.dir + '/etc')
    store.snapshots.commit(base.id)
    const { dir, work, id } = store.snapshots.prepare(base.id, lease)
    enterPrivateMounts()
    const target = ${JSON.stringify(t.root)} + '/containers'
    mountOverlay(target, { lower: store.snapshots.stack(base.id), upper: { dir, work } })
    rmSync(target + '/etc', { recursive: true })
    lease[Symbol.dispose]()
    console.log(JSON.stringify(store.collect()))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout || '{}'), { blobs: 0, snapshots: 2, bytes: 0 }, stderr)
  assert.deepEqual(readdirSync(join(t.root, 'snapshots')), [])
  assert.deepEqual(readdirSync(join(t.root, 'trash')), [])
})
