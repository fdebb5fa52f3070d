import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from './open.ts'
import { temporaryStore } from './testing.ts'
import { removeTree } from './tree.ts'

const asRoot = { skip: process.getuid?.() !== 0 }

function temporaryDirectory() {
  const path = mkdtempSync('/var/tmp/strake-test-')
  return { path, [Symbol.dispose]: () => removeTree(path) }
}

test('a new store is an OCI layout that other users can not look into', () => {
  using t = temporaryStore()
  assert.deepEqual(JSON.parse(readFileSync(join(t.root, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' })
  assert.deepEqual(JSON.parse(readFileSync(join(t.root, 'index.json'), 'utf8')).manifests, [])
  assert.equal(statSync(t.root).mode & 0o777, 0o711)
  assert.equal(statSync(join(t.root, 'strake.db')).mode & 0o777, 0o600)
  for (const name of ['blobs', 'ingest', 'snapshots', 'containers', 'volumes', 'cache']) {
    assert.equal(statSync(join(t.root, name)).mode & 0o777, 0o700)
  }
  assert.equal(t.store.db.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
  assert.deepEqual(t.store.check({ content: true }), [])
})

test('what was stored is there when the store is opened again', () => {
  using t = temporaryStore()
  using lease = t.store.lease('test')
  const { digest } = t.store.content.put('hello', lease)
  using again = openStore(t.root)
  assert.equal(again.content.read(digest).toString(), 'hello')
})

test('a directory with something else in it is not taken', () => {
  using t = temporaryDirectory()
  mkdirSync(join(t.path, 'photos'))
  assert.throws(() => openStore(t.path), { code: 'invalid', message: /holds photos/ })
  assert.deepEqual(readdirSync(t.path), ['photos'])
  writeFileSync(join(t.path, 'file'), '')
  assert.throws(() => openStore(join(t.path, 'file')), { code: 'invalid', message: /not a directory/ })
  assert.throws(() => openStore(join(t.path, 'file/store')), { code: 'invalid', message: /not a directory/ })
  assert.throws(() => openStore(join(t.path, 'file/a/b')), { code: 'invalid', message: /not a directory/ })
  mkdirSync(join(t.path, 'empty'))
  openStore(join(t.path, 'empty'))[Symbol.dispose]()
  openStore(join(t.path, 'a/b/c'))[Symbol.dispose]()
  assert.throws(() => openStore(join(t.path, 'a:b')), { code: 'invalid', message: /cannot have a colon/ })
  assert.ok(!existsSync(join(t.path, 'a:b')))
})

test('a newer or a damaged database is refused', () => {
  using t = temporaryStore()
  t.store.db.exec('PRAGMA user_version = 999')
  assert.throws(() => openStore(t.root), { code: 'unsupported', message: /newer Strake/ })
  using other = temporaryDirectory()
  writeFileSync(join(other.path, 'strake.db'), 'this is not SQLite'.repeat(1000))
  assert.throws(() => openStore(other.path), { code: 'corrupt' })
})

test('a store that was killed while it was made is made whole', () => {
  using t = temporaryDirectory()
  writeFileSync(join(t.path, 'strake.db'), '')
  mkdirSync(join(t.path, 'blobs'))
  using store = openStore(t.path)
  assert.deepEqual(store.check(), [])
})

test('a store that one may not write to is refused', asRoot, () => {
  using t = temporaryStore()
  const module = JSON.stringify(join(import.meta.dirname, 'open.ts'))
  for (const root of [t.root, '/proc/strake', '/proc/strake/store', '/usr/strake']) {
    const code = `
      const { openStore } = await import(${module})
      process.setgroups([]); process.setgid(65534); process.setuid(65534)
      try { openStore(${JSON.stringify(root)}) } catch (error) { console.log(error.code, error.hint) }`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    assert.match(stdout, /^denied Name a directory/, stderr)
    assert.equal(existsSync(root), root === t.root)
  }
})

test('a full file system is named, and what was there stays whole', asRoot, () => {
  using t = temporaryDirectory()
  const code = `
    import { openSync, writeSync } from 'node:fs'
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'open.ts'))}
    import { enterPrivateMounts, mount } from ${JSON.stringify(join(import.meta.dirname, '../host/mod.ts'))}
    enterPrivateMounts()
    mount('none', ${JSON.stringify(t.path)}, 'tmpfs', 0, 'size=2m')
    const store = openStore(${JSON.stringify(t.path)})
    const lease = store.lease('test')
    const { digest } = store.content.put('hello', lease)
    try {
      const ingest = store.content.ingest(lease)
      try { for (;;) ingest.write(Buffer.alloc(100_000)) } catch (error) { console.log(error.code, error.message) }
      try { for (;;) store.lease('x'.repeat(1000)) } catch (error) { console.log(error.code, error.message) }
      ingest[Symbol.dispose]()
    } finally {
      console.log(store.content.read(digest).toString(), JSON.stringify(store.check({ content: true })))
    }
    // Without a byte left, SQLite cannot even make what it needs to read.
    store[Symbol.dispose]()
    const fill = openSync(${JSON.stringify(join(t.path, 'fill'))}, 'w')
    try { for (;;) writeSync(fill, Buffer.alloc(1024)) } catch {}
    try { openStore(${JSON.stringify(t.path)}) } catch (error) { console.log(error.code, error.message) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  const refused = `unavailable no space is left for the store ${t.path}\n`
  assert.equal(stdout, `${refused}${refused}hello []\n${refused}`, stderr)
})

test('a transaction is whole or not at all, and nests', () => {
  using t = temporaryStore()
  const { db } = t.store
  const add = (name: string) => db.exec(`INSERT INTO volumes (name, created_at) VALUES ('${name}', 0)`)
  const names = () =>
    db
      .prepare('SELECT name FROM volumes ORDER BY name')
      .all()
      .map((row) => row.name)
  assert.equal(
    t.store.transaction(() => {
      add('a')
      t.store.transaction(() => add('b'))
      return 'result'
    }),
    'result',
  )
  const fail = () =>
    t.store.transaction(() => {
      t.store.transaction(() => add('c'))
      throw new Error('undone')
    })
  assert.throws(fail, /undone/)
  assert.throws(() => t.store.transaction(async () => add('d')), { code: 'internal', message: /asynchronous/ })
  assert.throws(() => t.store.transaction(() => t.store.collect()), { code: 'internal' })
  assert.deepEqual(names(), ['a', 'b'])
})
