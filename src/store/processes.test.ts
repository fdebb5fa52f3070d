import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openStore } from './open.ts'
import { removeTree } from './tree.ts'
import type { Store } from './types.ts'

const churn = join(import.meta.dirname, 'churn.ts')

function temporaryRoot() {
  const base = mkdtempSync('/var/tmp/strake-test-')
  return { root: join(base, 'store'), [Symbol.dispose]: () => removeTree(base) }
}

function start(root: string, rounds: number): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', churn, root, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The findings, but that the images of churn.ts have no configuration. */
const damage = (store: Store) =>
  store.check({ content: true }).filter(({ what }) => !/has lost its (configuration|manifest)/.test(what))

/** That there is nothing on disk but what rows know, and nothing under way. */
function assertNoOrphans(store: Store): void {
  const list = (name: string) => readdirSync(join(store.root, name)).sort()
  assert.deepEqual(list('snapshots'), [...store.snapshots.walk()].map((snapshot) => String(snapshot.id)).sort())
  assert.deepEqual(
    list('blobs/sha256'),
    [...store.content.walk()].map((blob) => blob.digest.slice(7)),
  )
  assert.deepEqual(list('ingest'), [])
  assert.deepEqual(list('trash'), [])
  assert.equal(store.db.prepare('SELECT count(*) AS n FROM leases').get()?.n, 0)
  assert.equal(store.db.prepare(`SELECT count(*) AS n FROM snapshots WHERE state = 'active'`).get()?.n, 0)
}

test('several processes make a store at once, and build and collect in it', async () => {
  using t = temporaryRoot()
  const children = Array.from({ length: 4 }, () => start(t.root, 25))
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0, 0])
  using store = openStore(t.root)
  assert.deepEqual(damage(store), [])
  assert.equal(store.db.prepare('SELECT count(*) AS n FROM images').get()?.n, 4)
  store.collect()
  assertNoOrphans(store)
  store.db.exec('DELETE FROM images; DELETE FROM cache')
  store.collect()
  assert.deepEqual([...store.snapshots.walk()], [])
  assertNoOrphans(store)
})

test('processes killed at any moment leave a sound store', async () => {
  using t = temporaryRoot()
  for (let iteration = 0; iteration < 10; iteration++) {
    const children = Array.from({ length: 3 }, () => start(t.root, 1e6))
    try {
      // The first iteration kills them while they make the store.
      if (iteration > 0) await Promise.all(children.map((child) => once(child.stdout!, 'data')))
      await setTimeout(Math.random() * 60)
    } finally {
      const exits = children.map((child) => once(child, 'exit'))
      for (const child of children) child.kill('SIGKILL')
      for (const [code, signal] of await Promise.all(exits)) assert.deepEqual([code, signal], [null, 'SIGKILL'])
    }
    using store = openStore(t.root)
    assert.deepEqual(damage(store), [])
    if (iteration % 2) {
      store.collect()
      assert.deepEqual(damage(store), [])
      assertNoOrphans(store)
    }
  }
})
