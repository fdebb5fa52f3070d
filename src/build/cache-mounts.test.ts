import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openStore, removeTree } from '../store/mod.ts'
import {
  cacheMountKey,
  forgetCacheMounts,
  holdCacheMounts,
  listCacheMounts,
  putCacheMount,
  takeCacheMount,
  type WantedCacheMount,
} from './cache-mounts.ts'

const home = mkdtempSync(join(tmpdir(), 'strake-cache-mounts-'))
const store = openStore(join(home, 'store'))
after(() => {
  store[Symbol.dispose]()
  removeTree(home)
})

type Wanted = Partial<WantedCacheMount> & { readonly name: string }
const [uid, gid] = [process.getuid!(), process.getgid!()]
const want = (wanted: Wanted): WantedCacheMount => ({
  ...{ key: wanted.name, description: 'RUN x', sharing: 'shared', mode: 0o755, uid, gid, fill: undefined },
  ...wanted,
})

function hold(
  wanted: readonly Wanted[],
  { signal, onWait = () => {} }: { signal?: AbortSignal; onWait?: () => void } = {},
) {
  const lease = store.lease('test')
  const drafts = mkdtempSync(join(store.root, 'ingest', `${lease.id}-drafts-`))
  const held = holdCacheMounts({ store, lease, signal, drafts }, wanted.map(want), onWait)
  return held.finally(() => removeTree(drafts))
}

test('the same mount is given again, with what is in it', async () => {
  using first = await hold([{ name: 'again', mode: 0o1770 }])
  writeFileSync(join(first.paths[0]!, 'file'), 'x')
  assert.equal(statSync(first.paths[0]!).mode & 0o7777, 0o1770)
  using second = await hold([{ name: 'again' }, { name: 'another' }])
  assert.equal(second.paths[0], first.paths[0])
  assert.notEqual(second.paths[1], first.paths[0])
})

test('a private one is not shared, and free again afterwards', async () => {
  let path: string
  {
    using first = await hold([{ name: 'private', sharing: 'private' }])
    using second = await hold([{ name: 'private', sharing: 'private' }])
    using third = await hold([{ name: 'private', sharing: 'shared' }])
    assert.equal(new Set([...first.paths, ...second.paths, ...third.paths]).size, 3)
    path = first.paths[0]!
  }
  using again = await hold([{ name: 'private', sharing: 'private' }])
  assert.equal(again.paths[0], path)
})

test('who wants several takes all of them or none', async () => {
  const a = await hold([{ name: 'a', sharing: 'locked' }])
  let waited = 0
  const both = hold(
    [
      { name: 'b', sharing: 'locked' },
      { name: 'a', sharing: 'locked' },
    ],
    { onWait: () => waited++ },
  )
  await setTimeout(150)
  using b = await hold([{ name: 'b', sharing: 'locked' }])
  assert.equal(waited, 1)
  a[Symbol.dispose]()
  b[Symbol.dispose]()
  using held = await both
  assert.equal(held.paths.length, 2)
})

test('waiting ends with the signal', async () => {
  using _ = await hold([{ name: 'busy', sharing: 'locked' }])
  const waiting = hold([{ name: 'busy', sharing: 'locked' }], { signal: AbortSignal.timeout(150) })
  await assert.rejects(waiting)
})

test('a new one is filled before anybody sees it', async () => {
  const fill = async (directory: string) => writeFileSync(join(directory, 'filled'), '')
  using first = await hold([{ name: 'filled', fill }])
  assert.ok(existsSync(join(first.paths[0]!, 'filled')))
  const before = listCacheMounts(store).length
  const broken = async () => {
    throw new Error('broken')
  }
  await assert.rejects(hold([{ name: 'broken', fill: broken }]), /broken/)
  assert.equal(listCacheMounts(store).length, before)
})

test('what a killed process had is free', async () => {
  const code = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, '../store/mod.ts'))}
    import { holdCacheMounts } from ${JSON.stringify(join(import.meta.dirname, 'cache-mounts.ts'))}
    const store = openStore(${JSON.stringify(store.root)})
    const wanted = { key: 'killed', name: 'killed', description: '', sharing: 'locked', mode: 0o755, uid: ${uid}, gid: ${gid} }
    const context = { store, lease: store.lease('test'), signal: undefined, drafts: '/nowhere' }
    await holdCacheMounts(context, [wanted], () => {})
    console.log('held')
    setInterval(() => {}, 1000)`
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', code]
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  assert.deepEqual(
    listCacheMounts(store)
      .filter(({ name }) => name === 'killed')
      .map(({ inUse }) => inUse),
    [true],
  )
  let waited = false
  const mine = hold([{ name: 'killed', sharing: 'locked' }], { onWait: () => (waited = true) })
  await setTimeout(150)
  assert.ok(waited)
  child.kill('SIGKILL')
  using held = await mine
  assert.equal(held.paths.length, 1)
})

test('a mount that is in use is neither removed nor replaced', async () => {
  const draft = mkdtempSync(join(store.root, 'ingest', '0-draft-'))
  const make = () => {
    mkdirSync(join(draft, 'fs'), { recursive: true })
    writeFileSync(join(draft, 'fs/file'), 'imported')
  }
  make()
  putCacheMount(store, draft, { name: 'put', description: '', uid, gid })
  const [mount] = listCacheMounts(store).filter(({ name }) => name === 'put')
  assert.equal(readFileSync(join(mount!.path, 'file'), 'utf8'), 'imported')
  {
    using lease = store.lease('test')
    using _ = takeCacheMount(store, lease, mount!)
    assert.throws(() => takeCacheMount(store, lease, mount!), { code: 'conflict' })
    make()
    assert.throws(() => putCacheMount(store, draft, { name: 'put', description: '', uid, gid }), { code: 'conflict' })
    forgetCacheMounts(store, [mount!.id])
    assert.ok(listCacheMounts(store).some(({ id }) => id === mount!.id))
  }
  forgetCacheMounts(store, [mount!.id])
  store.collect()
  assert.ok(!existsSync(mount!.path))
  assert.deepEqual(store.check(), [])
})

test('owner, mode and content make another mount of the same name', () => {
  const keys = [
    cacheMountKey('a', {}),
    cacheMountKey('a', { uid: 0 }),
    cacheMountKey('a', { mode: 0 }),
    cacheMountKey('a', {}, ['x', '/']),
  ]
  assert.equal(new Set(keys).size, 4)
})
