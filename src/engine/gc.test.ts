import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { BuildResult } from '../build/mod.ts'
import type { ProgressEvent } from '../lib/mod.ts'
import { removeTree } from '../store/mod.ts'
import { builderGc, collecting } from './gc.ts'
import { filledEngine } from './testing.ts'

/** The environment with a daemon.json of its own. */
function withPolicy(gc: object): Disposable {
  const directory = mkdtempSync('/var/tmp/strake-test-')
  writeFileSync(join(directory, 'daemon.json'), JSON.stringify({ builder: { gc } }))
  const before = process.env.DOCKER_CONFIG
  process.env.DOCKER_CONFIG = directory
  return {
    [Symbol.dispose]() {
      if (before === undefined) delete process.env.DOCKER_CONFIG
      else process.env.DOCKER_CONFIG = before
      removeTree(directory)
    },
  }
}

test('the rules of the policy are applied one after the other', () => {
  using engine = filledEngine()
  {
    using _ = withPolicy({ enabled: false })
    assert.deepEqual(builderGc(engine).records, [])
  }
  using _ = withPolicy({ policy: [{ keepDuration: '72h' }, { filter: ['type=regular'], keepDuration: '24h' }] })
  const { records, bytes } = builderGc(engine)
  assert.deepEqual([records.map(({ description }) => description), bytes], [['RUN test'], 4])
})

test('two processes do not collect at the same time', () => {
  using engine = filledEngine()
  using _ = withPolicy({ policy: [{}] })
  const { store } = engine
  using lease = store.lease('another')
  {
    using claim = store.claim('gc', lease)
    assert.ok(claim)
    assert.deepEqual(builderGc(engine), { records: [], bytes: 0 })
  }
  assert.equal(builderGc(engine).records.length, 1)
})

test('a build starts the collection when it is due, in a process of its own', async () => {
  using engine = filledEngine()
  using _ = withPolicy({ policy: [{}] })
  const stamp = join(engine.store.root, 'cache/gc')
  const age = (hours: number) => {
    const time = new Date(Date.now() - hours * 3_600_000)
    utimesSync(stamp, time, time)
    return time.getTime()
  }
  const build = (cached: number) => collecting(engine, {}, async () => ({ steps: 3, cached }) as BuildResult)
  const records = () => engine.store.db.prepare(`SELECT count(*) AS n FROM cache WHERE key = 'other'`).get()?.n
  await build(0)
  assert.ok(existsSync(stamp), 'a new store has nothing to collect')
  const recent = age(1 / 60)
  await build(0)
  assert.equal(Math.round(statSync(stamp).mtimeMs), recent)
  const earlier = age(2)
  await build(3)
  assert.equal(Math.round(statSync(stamp).mtimeMs), earlier, 'it made nothing')
  assert.equal(records(), 1)
  await build(2)
  assert.ok(statSync(stamp).mtimeMs > earlier)
  while (records() !== 0) await setTimeout(20)
  // It has ended when its lease has.
  while (engine.store.db.prepare('SELECT 1 FROM leases').get()) await setTimeout(20)
})

test('a policy that makes no sense is told of, and the build goes on', async () => {
  using engine = filledEngine()
  using _ = withPolicy({ policy: [{ maxUsedSpace: 'much' }] })
  const stamp = join(engine.store.root, 'cache/gc')
  mkdirSync(join(engine.store.root, 'cache'), { recursive: true })
  writeFileSync(stamp, '')
  utimesSync(stamp, 0, 0)
  const events: ProgressEvent[] = []
  const progress = (event: ProgressEvent) => void events.push(event)
  await collecting(engine, { progress }, async () => ({ steps: 1, cached: 0 }) as BuildResult)
  assert.equal(events.length, 1)
  assert.match(JSON.stringify(events), /builder\.gc\.policy\[0\]\.maxUsedSpace/)
  assert.throws(() => builderGc(engine), { code: 'invalid' })
})
