import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemDf } from './disk-usage.ts'
import { systemPrune } from './system-prune.ts'
import { filledEngine } from './testing.ts'

test('system prune takes stopped containers, nameless images and unused build cache', async () => {
  using engine = filledEngine()
  const pruned = await systemPrune(engine)
  assert.deepEqual(pruned.containers, ['c'.repeat(64)])
  assert.deepEqual([pruned.volumes, pruned.untagged], [[], []])
  assert.equal(pruned.deleted[0], engine.dangling.id)
  assert.equal(pruned.buildCache.length, 1)
  assert.ok(pruned.bytes > 7 + 30 + 4)
  assert.deepEqual(
    engine.images.list().map((image) => image.names),
    [['docker.io/library/app:latest']],
  )
  assert.deepEqual(engine.store.check({ content: true }), [])
})

test('system prune --all --volumes leaves what people named their own', async () => {
  using engine = filledEngine()
  const pruned = await systemPrune(engine, { all: true, volumes: true })
  assert.deepEqual(pruned.volumes, ['0'.repeat(64)])
  assert.deepEqual(pruned.untagged, ['app:latest'])
  assert.deepEqual(engine.images.list(), [])
  assert.deepEqual([...engine.store.snapshots.walk()], [])
  assert.deepEqual([...engine.store.content.walk()], [])
  assert.deepEqual((await systemDf(engine)).volumes.items, [{ name: 'data', links: 0, size: 5 }])
})

test('system prune keeps to its filters', async () => {
  using engine = filledEngine()
  const labelled = await systemPrune(engine, { filters: ['label=tier=db'] })
  assert.deepEqual([labelled.containers, labelled.deleted, labelled.buildCache], [[], [], []])
  await assert.rejects(systemPrune(engine, { volumes: true, filters: ['until=1h'] }), { code: 'invalid' })
  await assert.rejects(systemPrune(engine, { filters: ['name=x'] }), { code: 'invalid' })
  assert.deepEqual((await systemPrune(engine, { all: true, filters: ['until=72h'] })).containers, [])
  const { containers, deleted } = await systemPrune(engine, { all: true, filters: ['until=24h'] })
  assert.deepEqual([containers.length, deleted[0]], [1, engine.dangling.id])
  assert.equal(engine.images.list().length, 1)
})
