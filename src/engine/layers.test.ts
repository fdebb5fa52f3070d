import assert from 'node:assert/strict'
import { linkSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DiffId, digestOf } from '../oci/mod.ts'
import { onlySize, removeTree, type SnapshotId } from '../store/mod.ts'
import { builderDu } from './builder-du.ts'
import { builderPrune } from './builder-prune.ts'
import { systemDf } from './disk-usage.ts'
import { openEngine } from './engine.ts'

/**
 * An engine with four layers, each of four files of 100 bytes, of which all but one are shared: with the one before, or, with
 * `over`, with the first, over which the others lie.
 */
function editedFourTimes({ over = false } = {}) {
  const root = mkdtempSync('/var/tmp/strake-test-')
  const engine = openEngine(join(root, 'store'))
  const { store, images } = engine
  const lease = store.lease('test')
  const ids: SnapshotId[] = []
  for (let edit = 0; edit < 4; edit++) {
    const { id, dir } = store.snapshots.prepare(undefined, lease)
    for (let file = 0; file < 4; file++) {
      const path = join(dir, `f${file}`)
      const older = ids.at(-1)
      if (older === undefined || file === edit) writeFileSync(path, Buffer.alloc(100, edit))
      else if (!over) linkSync(join(store.snapshots.dir(older), `f${file}`), path)
    }
    if (edit > 0) store.snapshots.share(id, { with: over ? ids[0]! : ids.at(-1)!, bytes: 300, over })
    store.snapshots.commit(id, { diffId: digestOf(`${edit}`) as string as DiffId, tarSize: 0, size: 400 })
    store.db.prepare('INSERT INTO cache VALUES (?, ?, ?, ?, 0, ?, 0)').run(`${edit}`, 'copy', id, `${edit}`, edit)
    ids.push(id)
  }
  const image = (snapshot: SnapshotId) =>
    images.create({ config: { architecture: 'amd64', os: 'linux' }, snapshot }, lease)
  return Object.assign(engine, {
    ids,
    image,
    made: () => lease[Symbol.dispose](),
    /** What is really on disk. */
    onDisk: () => onlySize([...store.snapshots.walk()].map(({ id }) => store.snapshots.dir(id))),
    [Symbol.dispose]() {
      store[Symbol.dispose]()
      removeTree(root)
    },
  })
}

test('files that layers share count once', async () => {
  using engine = editedFourTimes()
  engine.made()
  assert.equal(engine.onDisk(), 700)
  const { buildCache } = await systemDf(engine)
  assert.deepEqual([buildCache.size, buildCache.reclaimable], [700, 700])
  assert.deepEqual(
    buildCache.items.map(({ size }) => size),
    [400, 400, 400, 400],
  )
  const { bytes } = builderPrune(engine, { maxUsedSpace: 500 })
  assert.equal(bytes, 200)
  assert.equal(engine.onDisk(), 500)
  assert.equal(builderDu(engine).private, 500)
  assert.equal(builderPrune(engine).bytes, 500)
  assert.equal(engine.onDisk(), 0)
})

test('images that share files of their layers share space', async () => {
  using engine = editedFourTimes()
  engine.image(engine.ids[2]!)
  engine.image(engine.ids[3]!)
  engine.made()
  const { images, buildCache } = await systemDf(engine)
  const blobs = [...engine.store.content.walk()].reduce((sum, { size }) => sum + size, 0)
  assert.deepEqual([images.size, buildCache.size], [500 + blobs, 200])
  assert.deepEqual(
    images.items.map(({ sharedSize, uniqueSize }) => [sharedSize, uniqueSize]),
    [
      [300, 100],
      [300, 100],
    ],
  )
  assert.equal(builderPrune(engine).bytes, 200)
  assert.equal((await systemDf(engine)).images.size, 500 + blobs)
})

test('a layer that others lie over counts as long as one of them is there', async () => {
  using engine = editedFourTimes({ over: true })
  engine.image(engine.ids[2]!)
  engine.image(engine.ids[3]!)
  engine.made()
  assert.equal(engine.onDisk(), 700)
  const { images, buildCache } = await systemDf(engine)
  const blobs = [...engine.store.content.walk()].reduce((sum, { size }) => sum + size, 0)
  assert.deepEqual([images.size, buildCache.size], [600 + blobs, 100])
  assert.deepEqual(
    images.items.map(({ sharedSize, uniqueSize }) => [sharedSize, uniqueSize]),
    [
      [300, 100],
      [300, 100],
    ],
  )
  // The first record is used whenever one of the others is.
  assert.equal(builderPrune(engine, { all: true, maxUsedSpace: 50 }).bytes, 100)
  assert.equal(engine.onDisk(), 600)
  assert.equal(builderPrune(engine, { all: true }).bytes, 0)
  assert.equal(engine.onDisk(), 600)
  assert.deepEqual(engine.store.check(), [])
})

test('when a layer in between goes, what the others share is known again', async () => {
  using engine = editedFourTimes()
  engine.made()
  const forget = (edit: number) => builderPrune(engine, { filters: [`id=${engine.ids[edit]}`] }).bytes
  assert.equal(forget(1), 0, 'each file of it is in the layer before or after')
  assert.deepEqual([engine.onDisk(), builderDu(engine).private], [700, 700])
  assert.equal(forget(0), 200)
  assert.deepEqual([engine.onDisk(), builderDu(engine).private], [500, 500])
  assert.equal(forget(3), 100)
  assert.deepEqual([engine.onDisk(), builderDu(engine).private], [400, 400])
})
