import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { chainOf, type DiffId, digestOf } from '../oci/mod.ts'
import { temporaryStore } from './testing.ts'
import type { LayerInfo, SnapshotId, Store } from './types.ts'

const layer = (name: string): LayerInfo => ({ diffId: digestOf(name) as string as DiffId, tarSize: 1024, size: 10 })

test('a snapshot is prepared, written, committed and described', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  using lease = t.store.lease('test')
  const umask = process.umask(0o077)
  const base = snapshots.prepare(undefined, lease)
  process.umask(umask)
  assert.equal(statSync(base.dir).mode & 0o7777, 0o755)
  assert.equal(snapshots.dir(base.id), base.dir)
  assert.equal(snapshots.get(base.id).state, 'active')
  writeFileSync(join(base.dir, 'file'), 'x')
  // As overlayfs leaves it.
  mkdirSync(join(base.work, 'work'))
  chmodSync(join(base.work, 'work'), 0)
  snapshots.commit(base.id)
  assert.equal(existsSync(base.work), false)
  assert.deepEqual(readdirSync(base.dir), ['file'])
  const bare = snapshots.get(base.id)
  assert.deepEqual([bare.state, bare.layer, bare.chainId], ['committed', undefined, undefined])
  snapshots.describe(base.id, layer('a'))
  const described = snapshots.get(base.id)
  assert.deepEqual(described.layer, layer('a'))
  assert.equal(described.chainId, chainOf([layer('a').diffId]))
  snapshots.describe(base.id, layer('a'))
  assert.throws(() => snapshots.describe(base.id, layer('b')), { code: 'corrupt' })
  assert.throws(() => snapshots.commit(base.id), { code: 'internal' })
  assert.throws(() => snapshots.discard(base.id), { code: 'internal' })
})

/** A committed stack of so many layers, the topmost last. */
function stack(store: Store, names: readonly string[]): SnapshotId[] {
  const lease = store.lease('test')
  let parent: SnapshotId | undefined
  return names.map((name) => {
    const { id } = store.snapshots.prepare(parent, lease)
    store.snapshots.commit(id, layer(name))
    parent = id
    return id
  })
}

test('a layer lies over an earlier one', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  const [base, whole] = stack(t.store, ['a', 'b']) as [SnapshotId, SnapshotId]
  const lease = t.store.lease('test')
  const { id } = snapshots.prepare(base, lease)
  snapshots.share(id, { with: whole, bytes: 7, over: true })
  snapshots.commit(id, layer('c'))
  assert.deepEqual(snapshots.get(id).sharing, { with: whole, bytes: 7, over: true })
  assert.deepEqual(snapshots.dirs(id), [snapshots.dir(id), snapshots.dir(whole)])
  const top = snapshots.prepare(id, lease).id
  snapshots.commit(top, layer('d'))
  assert.deepEqual(
    snapshots.stack(top),
    [top, id, whole, base].map((each) => snapshots.dir(each)),
  )
  assert.deepEqual(
    snapshots.ancestry(top).map((each) => each.id),
    [top, id, base],
  )
  assert.equal(snapshots.get(top).chainId, chainOf(['a', 'c', 'd'].map((name) => layer(name).diffId)))

  const more = snapshots.prepare(base, lease)
  assert.throws(() => snapshots.share(more.id, { with: id, bytes: 0, over: true }), { code: 'internal' })
  assert.throws(() => snapshots.share(top, { with: whole, bytes: 0, over: true }), { code: 'internal' })
  snapshots.discard(more.id)

  // The older one stays as long as it is needed, and no longer.
  t.store.db.exec(`DELETE FROM lease_snapshots WHERE snapshot <> ${top}`)
  t.store.collect()
  assert.deepEqual(
    [...snapshots.walk()].map((each) => each.id),
    [base, whole, id, top],
  )
  assert.deepEqual(t.store.check(), [])
  t.store.db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM snapshots WHERE id = ${whole}; PRAGMA foreign_keys = ON`)
  assert.match(t.store.check()[0]!.what, new RegExp(`^snapshot ${id} has lost the one that it lies over, ${whole}$`))
  lease[Symbol.dispose]()
  t.store.collect()
  assert.deepEqual([...snapshots.walk()], [])
})

test('snapshots stack', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  const ids = stack(t.store, ['a', 'b', 'c'])
  const other = stack(t.store, ['x'])
  const top = ids[2]!
  assert.deepEqual(
    snapshots.stack(top),
    [...ids].reverse().map((id) => snapshots.dir(id)),
  )
  assert.deepEqual(
    snapshots.ancestry(top).map((s) => [s.id, s.parent]),
    [
      [ids[2], ids[1]],
      [ids[1], ids[0]],
      [ids[0], undefined],
    ],
  )
  assert.deepEqual(snapshots.stack(undefined), [])
  assert.deepEqual(snapshots.ancestry(undefined), [])
  assert.equal(snapshots.get(top).chainId, chainOf(['a', 'b', 'c'].map((name) => layer(name).diffId)))
  assert.deepEqual(
    [...snapshots.walk()].map((s) => s.id),
    [...ids, ...other],
  )
})

test('a stack of layers is found by its chain id, and held', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  using lease = t.store.lease('test')
  const [bottom, top] = stack(t.store, ['a', 'b'])
  const chainId = snapshots.get(top!).chainId!
  assert.equal(snapshots.byChain(chainId, lease)?.id, top)
  assert.equal(snapshots.byChain(chainOf([layer('b').diffId])!, lease), undefined)
  t.store.db.exec(`DELETE FROM leases WHERE id <> ${lease.id}`)
  assert.equal(t.store.collect().snapshots, 0)
  assert.equal(snapshots.ancestry(top).at(-1)?.id, bottom)
})

test('prepare and describe keep the order of the stack', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  using lease = t.store.lease('test')
  const { id } = snapshots.prepare(undefined, lease)
  using other = t.store.lease('other')
  assert.throws(() => snapshots.prepare(id, other), { code: 'internal' })
  const above = snapshots.prepare(id, lease)
  assert.throws(() => snapshots.commit(above.id), { code: 'internal' })
  assert.throws(() => snapshots.prepare(9999 as SnapshotId, lease), { code: 'not_found' })
  assert.throws(() => snapshots.describe(id, layer('a')), { code: 'internal' })
  snapshots.commit(id)
  snapshots.commit(above.id)
  const child = snapshots.prepare(id, other)
  snapshots.commit(child.id)
  assert.throws(() => snapshots.describe(child.id, layer('b')), { code: 'internal', message: /no hash yet/ })
})

test('what is discarded is gone', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  using lease = t.store.lease('test')
  const { id, dir, work } = snapshots.prepare(undefined, lease)
  mkdirSync(join(dir, 'a/b'), { recursive: true })
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/a/b/`), Buffer.from([0xff, 0xfe])]), 'x')
  mkdirSync(join(work, 'work'), 0o000)
  snapshots.discard(id)
  assert.deepEqual(readdirSync(join(t.root, 'snapshots')), [])
  assert.deepEqual(readdirSync(join(t.root, 'trash')), [])
  for (const missing of [
    () => snapshots.get(id),
    () => snapshots.discard(id),
    () => snapshots.commit(id),
    () => snapshots.stack(id),
  ]) {
    assert.throws(missing, { code: 'not_found' })
  }
})

test('a discard that is undone loses no files', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  using lease = t.store.lease('test')
  const { id, dir } = snapshots.prepare(undefined, lease)
  const undone = new Error('undone')
  const attempt = () =>
    t.store.transaction(() => {
      snapshots.discard(id)
      throw undone
    })
  assert.throws(attempt, undone)
  assert.equal(snapshots.get(id).state, 'active')
  assert.equal(existsSync(dir), true)
})

test('a snapshot that a container uses is not discarded', () => {
  using t = temporaryStore()
  using lease = t.store.lease('test')
  const { id } = t.store.snapshots.prepare(undefined, lease)
  t.store.db.exec(`INSERT INTO containers VALUES ('c', 'name', NULL, ${id}, 0, '{}', '{}')`)
  assert.throws(() => t.store.snapshots.discard(id), { code: 'conflict' })
  t.store.db.exec('DELETE FROM containers')
  t.store.snapshots.discard(id)
})

test('an undone prepare leaves its directory to the next one', () => {
  using t = temporaryStore()
  const { snapshots } = t.store
  using lease = t.store.lease('test')
  let first: SnapshotId | undefined
  const attempt = () =>
    t.store.transaction(() => {
      first = snapshots.prepare(undefined, lease).id
      writeFileSync(join(snapshots.dir(first), 'old'), '')
      throw new Error('undone')
    })
  assert.throws(attempt, /undone/)
  const second = snapshots.prepare(undefined, lease)
  assert.equal(second.id, first, 'SQLite gives the number of an undone row again')
  assert.deepEqual(readdirSync(second.dir), [])
})
