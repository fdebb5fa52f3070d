// A process that works with the build cache until it is killed or has done its rounds; several share a store in the tests.
// `build` solves chains of steps as the solver does, and ends with 1 when anything that it found or made is lost before it
// is done. `prune` removes what it can, by all ways there are.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBuildCache } from '../../src/build/cache.ts'
import { builderGc, builderPrune, openEngine } from '../../src/engine/mod.ts'
import { type DiffId, digestOf } from '../../src/oci/mod.ts'
import type { SnapshotId } from '../../src/store/mod.ts'

const [, , work, root, rounds] = process.argv
const engine = openEngine(root)
console.log('open')
for (let round = 0; round < Number(rounds); round++) {
  if (work === 'build') build(round)
  else prune(round)
}
engine[Symbol.dispose]()

function build(round: number): void {
  const { store } = engine
  const cache = openBuildCache(store)
  using lease = store.lease('build')
  const held: { key: string; id: SnapshotId }[] = []
  let parent: SnapshotId | undefined
  for (let step = 0; step < 4; step++) {
    // The same few steps in all processes: they are found, lost, and made again.
    const key = `${round % 3} ${step}`
    let id = cache.find(key, lease)?.id
    if (id === undefined) {
      const made = store.snapshots.prepare(parent, lease)
      writeFileSync(join(made.dir, 'file'), key)
      store.snapshots.commit(made.id)
      const operation = digestOf(key)
      // Another process may make the same and take the key over; this one is nobody else's.
      cache.record([key, `${key} ${process.pid} ${round}`], { operation, snapshot: made.id, description: key })
      const layer = { diffId: operation as string as DiffId, tarSize: 0, size: key.length }
      if (parent === undefined || store.snapshots.get(parent).chainId) store.snapshots.describe(made.id, layer)
      id = made.id
    }
    held.push({ key, id })
    parent = id
  }
  const rows = store.db.prepare('SELECT 1 FROM cache WHERE snapshot = ?')
  for (const { key, id } of held) {
    for (const dir of store.snapshots.stack(id)) assert.ok(existsSync(dir), `${dir} of ${key}`)
    assert.equal(readFileSync(join(store.snapshots.dir(id), 'file'), 'utf8'), key)
    assert.ok(rows.get(id), `the record of ${key} is lost`)
  }
}

function prune(round: number): void {
  const ways = [{ all: true }, {}, { maxUsedSpace: 10 }, { reservedSpace: 5, all: true }, { filters: ['type=regular'] }]
  const way = ways[round % (ways.length + 1)]
  if (way) builderPrune(engine, way)
  else builderGc(engine)
}
