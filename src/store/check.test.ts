import assert from 'node:assert/strict'
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { chainOf, type DiffId, type Digest, digestOf } from '../oci/mod.ts'
import { temporaryStore } from './testing.ts'
import type { SnapshotId, Store } from './types.ts'

const diffIds = ['a', 'b'].map((name) => digestOf(name) as string as DiffId)

/** A store with an image of two layers, a container of it, and cache records. */
function filledStore() {
  const t = temporaryStore()
  using lease = t.store.lease('test')
  let top: SnapshotId | undefined
  const layers = diffIds.map((diffId) => {
    const { id } = t.store.snapshots.prepare(top, lease)
    t.store.snapshots.commit(id, { diffId, tarSize: 1024, size: 0 })
    top = id
    return id
  })
  const own = t.store.snapshots.prepare(top, lease).id
  const config = t.store.content.put(JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds } }), lease).digest
  const manifest = t.store.content.put('{"schemaVersion":2}', lease)
  t.store.transaction(() => {
    const { db } = t.store
    db.prepare(`INSERT INTO images VALUES (?, ?, ?, 0, 0, 'amd64', 'linux', 0)`).run(
      config,
      JSON.stringify({ digest: manifest.digest, size: manifest.size }),
      top!,
    )
    for (const digest of [config, manifest.digest])
      db.prepare('INSERT INTO image_blobs VALUES (?, ?)').run(config, digest)
    db.prepare('INSERT INTO image_names (name, image) VALUES (?, ?)').run('docker.io/library/app:1.0', config)
    db.prepare(`INSERT INTO containers VALUES ('c', 'web', ?, ?, 0, '{}', '{}')`).run(config, own)
    db.prepare(`INSERT INTO cache VALUES ('key', 'operation', ?, '', 0, 0, 0)`).run(layers[0]!)
  })
  return Object.assign(t, { layers, own, config, manifest: manifest.digest })
}

const short = (digest: Digest) => digest.slice(7, 19)

/** The store's findings, as `what — fix`. */
const findings = (store: Store, content = false) => store.check({ content }).map(({ what, fix }) => `${what} — ${fix}`)

test('a sound store has no findings', () => {
  using t = filledStore()
  assert.deepEqual(findings(t.store, true), [])
  t.store.collect()
  assert.deepEqual(findings(t.store, true), [])
})

test('lost directories of layers are found, with what stands on them', () => {
  using t = filledStore()
  const [base, top] = t.layers as [SnapshotId, SnapshotId]
  rmSync(join(t.root, `snapshots/${base}`), { recursive: true })
  const fix = `strake rm -f web && strake rmi -f ${short(t.config)} && strake builder prune -af, then build or load the images again`
  assert.deepEqual(findings(t.store), [
    `snapshot ${base} has lost its directory ${t.store.snapshots.dir(base)} — ${fix}`,
  ])
  rmSync(join(t.root, `snapshots/${top}`), { recursive: true })
  rmSync(join(t.root, `snapshots/${t.own}`), { recursive: true })
  assert.match(findings(t.store)[2]!, /has lost its directory .* — strake rm -f web$/)
})

test('lost, short and wrong blobs are found', () => {
  using t = filledStore()
  using lease = t.store.lease('test')
  const path = (digest: Digest) => join(t.root, 'blobs/sha256', digest.slice(7))
  const loose = t.store.content.put('loose', lease).digest
  writeFileSync(path(loose), 'goose')
  assert.deepEqual(findings(t.store), [], 'content is only looked at when it is asked for')
  assert.deepEqual(findings(t.store, true), [
    `blob ${loose} has other content than its name says — strake system prune`,
  ])
  rmSync(path(loose))
  truncateSync(path(t.manifest), 3)
  assert.deepEqual(
    findings(t.store, true),
    [
      `blob ${t.manifest} has 3 bytes instead of 19 — strake rmi -f ${short(t.config)}, then build or load it again`,
      `blob ${loose} has lost its file — strake system prune`,
    ].sort(),
  )
})

test('an image that is not what its configuration says is found', () => {
  using t = filledStore()
  const fix = `strake rmi -f ${short(t.config)}, then build or load it again`
  t.store.db.prepare('UPDATE images SET snapshot = ?').run(t.layers[0]!)
  assert.deepEqual(findings(t.store), [
    `image ${short(t.config)} has other layers than its configuration says — ${fix}`,
  ])
  t.store.db.prepare('UPDATE images SET snapshot = ?, manifest = ?').run(t.layers[1]!, '{nonsense')
  assert.deepEqual(findings(t.store), [`image ${short(t.config)} has lost its manifest — ${fix}`])
})

test('chain ids that do not follow are found', () => {
  using t = filledStore()
  const [base, top] = t.layers as [SnapshotId, SnapshotId]
  const wrong = chainOf([diffIds[1]!])!
  t.store.db.prepare('UPDATE snapshots SET chain_id = ? WHERE id = ?').run(wrong, base)
  const whats = t.store.check().map((finding) => finding.what)
  assert.deepEqual(whats, [
    `snapshot ${base} has a chain id that does not follow from its layers`,
    `snapshot ${top} has a chain id that does not follow from its layers`,
  ])
  t.store.db.prepare('UPDATE snapshots SET chain_id = NULL, diff_id = NULL WHERE id = ?').run(base)
  assert.deepEqual(
    t.store.check().map((finding) => finding.what),
    [`snapshot ${top} has a hash, but its parent ${base} has none`],
  )
})

test('rows that are lost are found where something refers to them', () => {
  using t = filledStore()
  const [base, top] = t.layers as [SnapshotId, SnapshotId]
  t.store.db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM snapshots; DELETE FROM blobs; DELETE FROM images`)
  assert.deepEqual(findings(t.store), [
    'the name docker.io/library/app:1.0 belongs to no image — strake rmi docker.io/library/app:1.0',
    `image ${short(t.config)} has lost content — strake rmi -f ${short(t.config)}, then build or load it again`,
    `container web has lost its files — strake rm -f web`,
    'build cache record key has lost its layer — strake builder prune -a',
  ])
  using other = filledStore()
  other.store.db.exec(`PRAGMA foreign_keys = OFF; DELETE FROM snapshots WHERE id = ${base}`)
  assert.match(findings(other.store)[0]!, /^build cache record/)
  assert.match(findings(other.store)[1]!, new RegExp(`^snapshot ${top} has lost its parent ${base} — strake rm -f web`))
})

test('a missing directory is found', () => {
  using t = filledStore()
  renameSync(join(t.root, 'ingest'), join(t.root, 'elsewhere'))
  const path = join(t.root, 'ingest')
  assert.deepEqual(findings(t.store), [`the directory ${path} is missing — mkdir -m 700 ${path}`])
})
