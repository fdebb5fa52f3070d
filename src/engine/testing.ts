import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DiffId, digestOf, parseReference } from '../oci/mod.ts'
import { removeTree, type SnapshotId } from '../store/mod.ts'
import { openEngine } from './engine.ts'

const hour = 3_600_000

/**
 * An engine for tests. It has a base of 1000 bytes; the image app (+200) and, without a name, an older one (+30); a container
 * of app that has ended (+7); two volumes (5 each); a build cache with app's layer and one that no image has (+4).
 */
export function filledEngine() {
  const root = mkdtempSync('/var/tmp/strake-test-')
  const engine = openEngine(join(root, 'store'))
  const { store, images } = engine
  using lease = store.lease('test')
  const layer = (parent: SnapshotId | undefined, name: string, size: number) => {
    const { id } = store.snapshots.prepare(parent, lease)
    store.snapshots.commit(id, { diffId: digestOf(name) as string as DiffId, tarSize: 1024, size })
    return id
  }
  const base = layer(undefined, 'base', 1000)
  const [top, old, cached] = [layer(base, 'top', 200), layer(base, 'old', 30), layer(base, 'cached', 4)]
  const config = (created: number) => ({
    config: { architecture: 'amd64', os: 'linux', created: new Date(created).toISOString() },
  })
  const app = images.create({ ...config(Date.now()), snapshot: top }, lease)
  images.tag(app, parseReference('app'))
  const dangling = images.create({ ...config(Date.now() - 48 * hour), snapshot: old }, lease)
  const own = store.snapshots.prepare(top, lease)
  writeFileSync(join(own.dir, 'file'), '1234567')
  for (const name of ['0'.repeat(64), 'data']) {
    mkdirSync(join(store.root, 'volumes', name, '_data'), { recursive: true })
    writeFileSync(join(store.root, 'volumes', name, '_data/file'), '12345')
    store.db.prepare('INSERT INTO volumes (name, created_at) VALUES (?, 0)').run(name)
  }
  const mounts = [{ kind: 'volume', name: 'data', target: '/data', readonly: false, anonymous: false, copy: true }]
  store.db
    .prepare('INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(
      'c'.repeat(64),
      'web',
      app.id,
      own.id,
      Date.now() - 48 * hour,
      JSON.stringify({ image: 'app', entrypoint: [], command: ['sleep', '1'], mounts, labels: { tier: 'web' } }),
      JSON.stringify({ kind: 'exited', exitCode: 0, startedAt: 0, finishedAt: 0, oomKilled: false }),
    )
  const record = store.db.prepare('INSERT INTO cache VALUES (?, ?, ?, ?, ?, ?, ?)')
  record.run('definition', 'o1', top, 'RUN make', 0, Date.now(), 2)
  record.run('content', 'o1', top, 'RUN make', 0, Date.now(), 1)
  record.run('other', 'o2', cached, 'RUN test', 0, Date.now() - 48 * hour, 0)
  record.run('nothing', '', null, '', 0, 0, 0)
  return Object.assign(engine, {
    app,
    dangling,
    [Symbol.dispose]() {
      store[Symbol.dispose]()
      removeTree(root)
    },
  })
}
