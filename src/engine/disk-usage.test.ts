import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builderPrune } from './builder-prune.ts'
import { systemDf } from './disk-usage.ts'
import { filledEngine } from './testing.ts'

test('system df counts each layer once', async () => {
  using engine = filledEngine()
  const { images, containers, volumes, buildCache } = await systemDf(engine)
  const blobs = [...engine.store.content.walk()].reduce((sum, blob) => sum + blob.size, 0)
  assert.deepEqual([images.total, images.active, images.size], [2, 1, 1230 + blobs])
  const [app, dangling] = [engine.app, engine.dangling].map((image) =>
    images.items.find((item) => item.image.id === image.id),
  )
  assert.deepEqual([app?.sharedSize, app?.uniqueSize, app?.containers], [1000, 200, 1])
  assert.deepEqual([dangling?.sharedSize, dangling?.uniqueSize, dangling?.containers], [1000, 30, 0])
  const loose = engine.store.content.info(dangling!.image.id)!.size + dangling!.image.manifest.size
  assert.equal(images.reclaimable, 30 + loose)
  assert.deepEqual([containers.total, containers.active, containers.size, containers.reclaimable], [1, 0, 7, 7])
  assert.deepEqual([volumes.total, volumes.active, volumes.size, volumes.reclaimable], [2, 1, 10, 5])
  assert.deepEqual([buildCache.total, buildCache.active, buildCache.size, buildCache.reclaimable], [2, 0, 4, 4])
  assert.deepEqual(
    buildCache.items.map(({ description, size, uses, shared }) => ({ description, size, uses, shared })),
    [
      { description: 'RUN test', size: 4, uses: 0, shared: false },
      { description: 'RUN make', size: 200, uses: 2, shared: true },
    ],
  )
})

test('builder prune takes what no image needs, or all, or what the filters say', () => {
  using engine = filledEngine()
  const keys = () =>
    engine.store.db
      .prepare('SELECT key FROM cache ORDER BY key')
      .all()
      .map((row) => row.key)
  assert.throws(() => builderPrune(engine, { filters: ['color=red'] }), { code: 'invalid', message: /color/ })
  assert.throws(() => builderPrune(engine, { filters: ['until=soon'] }), { code: 'invalid', message: /soon/ })
  assert.deepEqual(builderPrune(engine, { all: true, filters: ['unused-for=72h'] }), { records: [], bytes: 0 })
  const { records, bytes } = builderPrune(engine)
  assert.deepEqual([records.map((record) => record.description), bytes], [['RUN test'], 4])
  assert.deepEqual(keys(), ['content', 'definition', 'nothing'])
  assert.equal(builderPrune(engine, { all: true }).records.length, 1)
  assert.deepEqual(keys(), [])
  assert.deepEqual(engine.store.check({ content: true }), [])
})

test('what a running build holds stays in the build cache', async () => {
  using engine = filledEngine()
  using lease = engine.store.lease('build')
  for (const snapshot of engine.store.snapshots.walk()) lease.add({ snapshot: snapshot.id })
  assert.equal((await systemDf(engine)).buildCache.active, 2)
  assert.deepEqual(builderPrune(engine, { all: true }), { records: [], bytes: 0 })
})
