import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DiffId, digestOf } from '../oci/mod.ts'
import { type Lease, removeTree, type SnapshotId } from '../store/mod.ts'
import { builderDu } from './builder-du.ts'
import { builderPrune } from './builder-prune.ts'
import { openEngine } from './engine.ts'
import { spaceToKeep } from './space-limits.ts'

const hour = 3_600_000

/** An engine with an empty store, and ways to fill its build cache. */
function emptyEngine() {
  const root = mkdtempSync('/var/tmp/strake-test-')
  const engine = openEngine(join(root, 'store'))
  const { store } = engine
  const lease = store.lease('test')
  const record = store.db.prepare('INSERT INTO cache VALUES (?, ?, ?, ?, 0, ?, 0)')
  return Object.assign(engine, {
    /** A step of that name, used so many hours ago, with a layer of so many bytes. */
    step(name: string, { parent, ago, size }: { parent?: SnapshotId | undefined; ago: number; size: number }) {
      const { id } = store.snapshots.prepare(parent, lease)
      store.snapshots.commit(id, { diffId: digestOf(name) as string as DiffId, tarSize: 0, size })
      record.run(name, name, id, name, Date.now() - ago * hour)
      return id
    },
    mount(name: string, ago: number, size: number) {
      const { lastInsertRowid } = store.db
        .prepare('INSERT INTO cache_mounts (key, name, description, created_at, used_at) VALUES (?, ?, ?, 0, ?)')
        .run(name, name, 'RUN', Date.now() - ago * hour)
      const files = join(store.root, 'cache-mounts', String(lastInsertRowid), 'fs')
      mkdirSync(files, { recursive: true })
      writeFileSync(join(files, 'file'), Buffer.alloc(size))
    },
    /** What was made of what, as the solver keeps it. */
    inputs(key: string, ...inputs: string[]) {
      store.db
        .prepare(`INSERT INTO steps VALUES (?, '', '', ?, '', '', '{}', NULL, 0)`)
        .run(key, JSON.stringify(inputs))
    },
    made: () => lease[Symbol.dispose](),
    left: () =>
      builderDu(engine)
        .items.map(({ description }) => description)
        .sort(),
    [Symbol.dispose]() {
      store[Symbol.dispose]()
      removeTree(root)
    },
  })
}

const names = (records: readonly { description: string }[]) => records.map(({ description }) => description)

test('with a limit, what was used longest ago goes, and no more than must', () => {
  using engine = emptyEngine()
  for (const [name, ago] of Object.entries({ b: 3, d: 1, a: 4, c: 2 })) engine.step(name, { ago, size: 100 })
  engine.made()
  assert.deepEqual(builderPrune(engine, { maxUsedSpace: 400 }), { records: [], bytes: 0 })
  const { records, bytes } = builderPrune(engine, { maxUsedSpace: 250 })
  assert.deepEqual([names(records), bytes], [['a', 'b'], 200])
  assert.deepEqual(names(builderPrune(engine, { reservedSpace: 100 }).records), ['c'])
  assert.deepEqual(engine.left(), ['d'])
  assert.deepEqual(engine.store.check(), [])
})

test('a step goes before the one that it stands on, whose use its own use is', () => {
  using engine = emptyEngine()
  const old = engine.step('base', { ago: 90, size: 100 })
  engine.step('top', { parent: old, ago: 1, size: 100 })
  engine.step('other', { ago: 5, size: 100 })
  engine.made()
  assert.deepEqual(names(builderPrune(engine, { maxUsedSpace: 200 }).records), ['other'])
  assert.deepEqual(names(builderPrune(engine, { filters: ['until=24h'] }).records), [])
  assert.deepEqual(names(builderPrune(engine, { maxUsedSpace: 100 }).records), ['top'])
  assert.deepEqual(engine.left(), ['base'])
})

test('the use of a step is one of those that it copied from', () => {
  using engine = emptyEngine()
  engine.step('builder', { ago: 90, size: 100 })
  engine.step('copy', { ago: 1, size: 100 })
  engine.step('other', { ago: 5, size: 100 })
  engine.inputs('copy', 'scratch', 'builder')
  engine.made()
  assert.deepEqual(names(builderPrune(engine, { maxUsedSpace: 200 }).records), ['other'])
})

test('what frees nothing is not given up for space', () => {
  using engine = emptyEngine()
  const { store } = engine
  const base = engine.step('base', { ago: 90, size: 100 })
  const top = engine.step('top', { parent: base, ago: 80, size: 100 })
  engine.step('loose', { ago: 1, size: 100 })
  engine.made()
  using lease = store.lease('a build')
  lease.add({ snapshot: top })
  const { records, bytes } = builderPrune(engine, { all: true, maxUsedSpace: 1 })
  assert.deepEqual([names(records), bytes], [['loose'], 100])
  assert.deepEqual(engine.left(), ['base', 'top'])
})

test('cache mounts take part by what their files take', () => {
  using engine = emptyEngine()
  engine.mount('npm', 5, 1000)
  engine.mount('apt', 50, 1000)
  engine.step('step', { ago: 20, size: 100 })
  engine.made()
  const pruned = builderPrune(engine, { filters: ['type=exec.cachemount', 'unused-for=48h'], maxUsedSpace: 500 })
  assert.deepEqual([pruned.records.length, pruned.bytes], [1, 1000])
  assert.match(pruned.records[0]!.description, /apt/)
  assert.deepEqual(names(builderPrune(engine, { maxUsedSpace: 1000 }).records), ['step'])
  assert.equal(builderPrune(engine, { maxUsedSpace: 1 }).bytes, 1000)
})

test('filters are those of docker', () => {
  using engine = emptyEngine()
  const base = engine.step('RUN base', { ago: 30, size: 1 })
  engine.step('RUN top', { parent: base, ago: 30, size: 2 })
  engine.step('COPY a', { ago: 1, size: 3 })
  engine.mount('npm', 1, 4)
  engine.made()
  using lease = engine.store.lease('a build')
  lease.add({ snapshot: base })
  const found = (...filters: string[]) => builderDu(engine, { filters }).items.map(({ size }) => size)
  assert.deepEqual(found(), [1, 2, 3, 4])
  assert.deepEqual(found('until=24h'), [1, 2])
  assert.deepEqual(found('unused-for=1000h'), [])
  assert.deepEqual(found(`id=${base}`), [1])
  assert.deepEqual(found(`id!=${base}`), [2, 3, 4])
  assert.deepEqual(found(`parents=${base}`), [2])
  assert.deepEqual(found(`parent=${base}`), [2])
  assert.deepEqual(found('label=a'), [])
  assert.deepEqual(found('label!=a'), [1, 2, 3, 4])
  assert.deepEqual(found('type=regular'), [1, 2, 3])
  assert.deepEqual(found('type=regular', 'type=exec.cachemount'), [1, 2, 3, 4])
  assert.deepEqual(found('description~=^RUN', 'until=1h'), [1, 2])
  assert.deepEqual(found('description=COPY a'), [3])
  assert.deepEqual(found('inuse=true'), [1])
  assert.deepEqual(found('inuse=false', 'mutable=true'), [4])
  assert.deepEqual(found('shared=true'), [])
  assert.deepEqual(found('private=1', 'immutable=1'), [1, 2, 3])
  for (const wrong of ['color=red', 'inuse=maybe', 'until=soon', 'description~=(', 'inuse']) {
    assert.throws(() => found(wrong), { code: 'invalid' }, wrong)
  }
  const hint =
    'Filters are id, type, description, parents, inuse, shared, private, mutable, immutable, until, unused-for, label.'
  assert.throws(() => found('color=red'), { message: "invalid filter 'color'", hint })
})

test('limits add up as BuildKit has it', () => {
  const keep = (limits: object, used = 100, free = 50) => spaceToKeep(limits, { used, free })
  assert.equal(keep({}), undefined)
  assert.equal(keep({ maxUsedSpace: 0, reservedSpace: 0, minFreeSpace: 0 }), undefined)
  assert.equal(keep({ reservedSpace: 30 }), 30)
  assert.equal(keep({ maxUsedSpace: 80 }), 80)
  assert.equal(keep({ maxUsedSpace: 80, reservedSpace: 90 }), 90)
  assert.equal(keep({ minFreeSpace: 40 }), Number.POSITIVE_INFINITY, 'enough is free')
  assert.equal(keep({ minFreeSpace: 70 }), 80)
  assert.equal(keep({ minFreeSpace: 70, maxUsedSpace: 60 }), 60)
  assert.equal(keep({ minFreeSpace: 70, maxUsedSpace: 90, reservedSpace: 85 }), 85)
  assert.equal(keep({ minFreeSpace: 1000, reservedSpace: 10 }), 10)
})

test('what processes take up between counting and forgetting stays', () => {
  using engine = emptyEngine()
  const { store } = engine
  const id = engine.step('step', { ago: 5, size: 100 })
  engine.made()
  let lease: Lease | undefined
  // Another process could do so while sizes are counted.
  const transaction = store.transaction
  store.transaction = (body) => {
    if (!lease) {
      lease = store.lease('a build')
      lease.add({ snapshot: id })
    }
    return transaction(body)
  }
  assert.deepEqual(builderPrune(engine, { all: true }), { records: [], bytes: 0 })
  assert.deepEqual(engine.left(), ['step'])
})
