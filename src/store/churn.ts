// A process that uses the store as builds do, all of it at once, until it is killed or has done its rounds.
// Several of them share one store in the tests. It ends with 1 when anything that it holds is not whole.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chainOf, type DiffId, digestOf } from '../oci/mod.ts'
import { openStore } from './open.ts'
import type { LayerInfo, Lease, SnapshotId } from './types.ts'

const [, , root, rounds] = process.argv
const store = openStore(root!)
console.log('open')
for (let round = 0; round < Number(rounds); round++) work(round)
store[Symbol.dispose]()

function work(round: number): void {
  using lease = store.lease('churn')
  // The same few blobs and layers in all processes: they vanish and come again.
  const shared = store.content.put(`shared ${round % 3}`, lease)
  const own = ingest(`own ${process.pid} ${round}`, lease)
  const base = baseLayer(`base ${round % 2}`, lease)
  const top = store.snapshots.prepare(base, lease)
  writeFileSync(join(top.dir, 'file'), `${process.pid} ${round}`)
  if (round % 4 === 3) store.snapshots.discard(top.id)
  else store.snapshots.commit(top.id)
  if (round % 3 === 2) store.collect()
  assert.equal(store.content.read(shared.digest).toString(), `shared ${round % 3}`)
  assert.equal(store.content.read(own.digest).length, own.size)
  for (const dir of store.snapshots.stack(base)) assert.ok(existsSync(join(dir, 'file')), dir)
  if (round % 4 === 3) return
  store.snapshots.describe(top.id, layer(`${process.pid} ${round}`))
  assert.equal(store.snapshots.stack(top.id).length, 2)
  keep(top.id, own.digest)
  lease[Symbol.dispose]()
  store.collect()
  assert.ok(existsSync(join(top.dir, 'file')), 'the image keeps it')
  assert.equal(store.content.read(own.digest).length, own.size)
}

function ingest(text: string, lease: Lease) {
  using dropped = store.content.ingest(lease)
  dropped.write(Buffer.from('dropped'))
  using kept = store.content.ingest(lease)
  for (let i = 0; i < 10; i++) kept.write(Buffer.from(text))
  return kept.commit()
}

function baseLayer(name: string, lease: Lease): SnapshotId {
  const { diffId } = layer(name)
  const known = store.snapshots.byChain(chainOf([diffId])!, lease)
  if (known) return known.id
  const { id, dir } = store.snapshots.prepare(undefined, lease)
  writeFileSync(join(dir, 'file'), name)
  store.snapshots.commit(id, layer(name))
  return id
}

/** An image in place of this process's last one, and a cache record. */
function keep(snapshot: SnapshotId, digest: string): void {
  store.transaction(() => {
    const { db } = store
    const config = store.snapshots.get(snapshot).chainId!
    db.prepare(`DELETE FROM images WHERE id IN (SELECT image FROM image_names WHERE name LIKE ?)`).run(
      `${process.pid}-%`,
    )
    db.prepare(`INSERT INTO images VALUES (?, ?, ?, 0, 0, 'amd64', 'linux', 0)`).run(config, '{}', snapshot)
    db.prepare('INSERT INTO image_names (name, image) VALUES (?, ?)').run(`${process.pid}-${snapshot}`, config)
    db.prepare('INSERT INTO image_blobs VALUES (?, ?)').run(config, digest)
    db.prepare(`INSERT OR REPLACE INTO cache VALUES (?, 'operation', ?, '', 0, 0, 0)`).run(
      String(process.pid),
      snapshot,
    )
  })
}

function layer(name: string): LayerInfo {
  return { diffId: digestOf(name) as string as DiffId, tarSize: 1024, size: 10 }
}
