import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { collectBytes, makeImage, makeIndex, streamOf } from '../images/testing.ts'
import { digestOf, hex, hostPlatform, type Index, mediaTypes, parsePlatform, parseReference } from '../oci/mod.ts'
import { FaultyRegistry, withoutDockerHub } from '../registry/testing.ts'
import { removeTree } from '../store/mod.ts'
import { copyImage } from './copy-image.ts'
import { openEngine } from './engine.ts'
import { imagePrune } from './image-prune.ts'
import { images } from './images.ts'
import { inspect } from './inspect.ts'
import { load } from './load.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'
import { rmi } from './rmi.ts'
import { save } from './save.ts'
import { systemCheck } from './system-check.ts'
import { tag } from './tag.ts'

const options = { skip: process.getuid?.() !== 0 && 'layers are written as root' }
const own = hostPlatform.architecture
const other = own === 'arm64' ? 'amd64' : 'arm64'
const platforms = [`linux/${other}`, `linux/${own}`]

/** An engine with an empty store. */
function emptyEngine() {
  const root = mkdtempSync('/var/tmp/strake-test-')
  const engine = openEngine(join(root, 'store'))
  return Object.assign(engine, {
    root,
    [Symbol.dispose]() {
      engine.store[Symbol.dispose]()
      removeTree(root)
    },
  })
}

type Engine = ReturnType<typeof emptyEngine>

const rows = (engine: Engine) => images(engine).map(({ repository, tag: own, image }) => [repository, own, image.id])
const blobs = (engine: Engine) => [...engine.store.content.walk()].length

async function inspected(engine: Engine, name: string, platform?: string): Promise<string> {
  const { objects } = await inspect(engine, { names: [name], ...(platform && { platform: parsePlatform(platform) }) })
  return (objects[0] as { Architecture: string }).Architecture
}

test('a name for several platforms is one row, and means the image for this machine', options, async () => {
  using engine = emptyEngine()
  const { members } = await makeIndex(engine.store, engine.images, { platforms, attested: true, tags: ['app'] })
  const here = members[1]!.image!
  assert.deepEqual(rows(engine), [['app', 'latest', here.id]])
  assert.equal(await inspected(engine, 'app'), own)
  assert.equal(await inspected(engine, 'app', `linux/${other}`), other)
  await assert.rejects(inspected(engine, 'app', 'linux/s390x'), {
    code: 'not_found',
    message: 'image with reference app was found but does not provide the specified platform (linux/s390x)',
  })
  // No other of the usual verbs breaks it, and collection keeps all of it.
  const before = blobs(engine)
  tag(engine, { source: 'app', target: 'app:2' })
  assert.deepEqual(imagePrune(engine).deleted, [])
  engine.store.collect()
  assert.equal(blobs(engine), before)
  assert.equal(engine.images.index('app:2')!.members.length, 3)
  assert.deepEqual(rmi(engine, { image: 'app' }).deleted, [])
  assert.equal(await inspected(engine, 'app:2', `linux/${other}`), other)
  assert.deepEqual(systemCheck(engine, { content: true }), [])
})

test('all platforms go with the last name', options, async () => {
  using engine = emptyEngine()
  const { members } = await makeIndex(engine.store, engine.images, { platforms, attested: true, tags: ['app'] })
  const ids = members.flatMap(({ image }) => image?.id ?? [])
  assert.throws(() => rmi(engine, { image: hex(ids[0]!) }), {
    code: 'conflict',
    message: `conflict: unable to delete ${hex(ids[0]!).slice(0, 12)} - it is a part of app:latest`,
  })
  const { deleted } = rmi(engine, { image: 'app' })
  for (const id of ids) assert.ok(deleted.includes(id))
  assert.deepEqual(engine.images.list(), [])
  assert.equal(blobs(engine), 0)
})

test('they go with their id and with prune, and are images of their own when the name goes on', options, async () => {
  using engine = emptyEngine()
  const what = { platforms, attested: true, tags: ['app'] }
  const { members } = await makeIndex(engine.store, engine.images, what)
  rmi(engine, { image: members[1]!.image!.id })
  assert.deepEqual(engine.images.list(), [])
  await makeIndex(engine.store, engine.images, what)
  imagePrune(engine, { all: true })
  assert.deepEqual(engine.images.list(), [])
  await makeIndex(engine.store, engine.images, what)
  await makeImage(engine.store, engine.images, { files: { a: 'new' }, tags: ['app'] })
  assert.equal(engine.images.index('app'), undefined)
  assert.equal(images(engine, { filters: ['dangling=true'] }).length, 2)
  imagePrune(engine)
  assert.equal(engine.images.list().length, 1)
})

test('an index of which none is for this machine has its first image', options, async () => {
  using engine = emptyEngine()
  const foreign = ['linux/s390x', 'linux/ppc64le']
  const { members } = await makeIndex(engine.store, engine.images, { platforms: foreign, tags: ['app'] })
  assert.equal(engine.images.get('app').id, members[0]!.image!.id)
})

test('an archive keeps all platforms and attestations, or one platform', options, async () => {
  using here = emptyEngine()
  using there = emptyEngine()
  const index = await makeIndex(here.store, here.images, { platforms, attested: true, tags: ['app:1'] })
  const bytes = await collectBytes(save(here, { images: ['app:1'] }))
  const [loaded, ...more] = await load(there, { source: streamOf(bytes) })
  assert.deepEqual(more, [])
  assert.deepEqual(loaded!.names, ['docker.io/library/app:1'])
  assert.equal(there.images.index('app:1')!.manifest.digest, index.manifest.digest)
  assert.deepEqual(rows(there), rows(here))
  assert.equal(await inspected(there, 'app:1', `linux/${other}`), other)
  there.store.collect()
  assert.deepEqual(await collectBytes(save(there, { images: ['app'] })), bytes)

  using third = emptyEngine()
  const platform = parsePlatform(`linux/${other}`)
  await load(third, { source: streamOf(bytes), platform })
  assert.equal(third.images.index('app:1'), undefined)
  assert.equal(await inspected(third, 'app:1'), other)
  using fourth = emptyEngine()
  await load(fourth, { source: streamOf(await collectBytes(save(here, { images: ['app:1'], platform }))) })
  assert.equal(fourth.images.index('app:1'), undefined)
  assert.equal(await inspected(fourth, 'app:1'), other)
})

test('a registry gets all of it, or one platform; a copy brings it back whole', options, async () => {
  using here = emptyEngine()
  await using registry = await new FaultyRegistry().listen()
  const env = withoutDockerHub(join(here.root, 'docker'))
  const name = `${registry.host}/app:1`
  await makeIndex(here.store, here.images, { platforms, tags: [name] })
  const { digest } = await push(here, { reference: name, env })
  const sent = JSON.parse(registry.manifests.get('app/1')!.bytes.toString()) as Index
  assert.deepEqual(
    sent.manifests.map(({ platform }) => platform!.architecture),
    [other, own],
  )
  // It is packed now, and the name stands for what was pushed.
  assert.equal(here.images.index(name)!.manifest.digest, digest)
  const requests = registry.requests.length
  assert.equal((await push(here, { reference: name, env })).digest, digest)
  assert.ok(registry.requests.slice(requests).every(({ method }) => method !== 'POST'))
  // What is here whole is up to date, and stays whole.
  const again = await pull(here, { reference: name, env })
  assert.deepEqual([again.isNew, again.image.architecture], [false, own])
  assert.equal((await pull(here, { reference: name, platform: parsePlatform(`linux/${other}`), env })).isNew, false)
  assert.equal(here.images.index(name)!.manifest.digest, digest)
  here.store.collect()

  using there = emptyEngine()
  const platform = parsePlatform(`linux/${other}`)
  await pull(there, { reference: name, platform, env })
  assert.equal(there.images.index(name), undefined)
  assert.equal(await inspected(there, name), other)
  const copied = await copyImage(there, { from: name, to: 'local:app:copy', env })
  assert.equal(copied, digest)
  assert.equal(await inspected(there, 'app:copy', `linux/${own}`), own)
  const layout = join(there.root, 'layout')
  assert.equal(await copyImage(there, { from: 'local:app:copy', to: `oci:${layout}:2`, env }), digest)

  await push(here, { reference: name, platform, env })
  assert.match(registry.manifests.get('app/1')!.type, /image\.manifest/)
})

test('what is attached to an image names it: it leaves as it is', options, async () => {
  using engine = emptyEngine()
  const { store } = engine
  await using registry = await new FaultyRegistry().listen()
  const env = withoutDockerHub(join(engine.root, 'docker'))
  const name = `${registry.host}/app:1`
  const packed = await makeIndex(store, engine.images, { platforms: [`linux/${own}`], tags: ['packed'] })
  using lease = store.lease('test')
  for (const { image } of packed.members) await engine.images.layerBlob(image!.snapshot!, lease)
  const index = await makeIndex(store, engine.images, { platforms: [`linux/${own}`], attested: true, tags: [name] })
  const { digest } = await push(engine, { reference: name, env })
  assert.equal(digest, index.manifest.digest)
  assert.ok(registry.manifests.has(`app/${index.members[1]!.descriptor.digest}`))
})

test('indexes in indexes, and what only says that it is one, are taken for what they are', options, async () => {
  using here = emptyEngine()
  const { store } = here
  using lease = store.lease('test')
  const image = await makeImage(store, here.images, { files: { a: 'one' } })
  await here.images.layerBlob(image.snapshot!, lease)
  const layout = join(here.root, 'layout')
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const put = (text: string, mediaType: string) => {
    const digest = digestOf(text)
    writeFileSync(join(layout, 'blobs/sha256', hex(digest)), text)
    return { mediaType, digest, size: Buffer.byteLength(text), platform: hostPlatform }
  }
  for (const { digest } of store.content.walk())
    cpSync(store.content.path(digest), join(layout, 'blobs/sha256', hex(digest)))
  const index = (...manifests: object[]) => put(JSON.stringify({ schemaVersion: 2, manifests }), mediaTypes.index)
  const loaded = async (root: object) => {
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    writeFileSync(
      join(layout, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...root, annotations: name }] }),
    )
    using there = emptyEngine()
    await load(there, { source: layout })
    return there.images.index('app') ? 'index' : there.images.get('app').id
  }
  const name = { 'io.containerd.image.name': 'docker.io/library/app:latest' }
  const own = { ...image.manifest, platform: hostPlatform }
  const foreign = { ...own, platform: { os: 'linux', architecture: 'riscv64' } }
  assert.equal(await loaded(index(index(own), foreign)), image.id)
  let deep = index(own)
  for (let i = 0; i < 20; i++) deep = index(deep)
  await assert.rejects(loaded(deep), { code: 'corrupt', message: /nested too deeply/ })
  const manifest = here.images.manifest(image)
  const layers = manifest.layers.map((layer) => ({ ...layer, mediaType: mediaTypes.index }))
  const lying = put(JSON.stringify({ ...manifest, layers }), mediaTypes.manifest)
  assert.equal(await loaded(index(lying, own)), 'index')
  await assert.rejects(loaded(index(own, { ...own, size: 'x' })), { code: 'corrupt' })
  await assert.rejects(loaded(put('{', mediaTypes.index)), { code: 'corrupt' })
})

test('a part of an archived index that is missing is left out', options, async () => {
  using here = emptyEngine()
  await makeIndex(here.store, here.images, { platforms, tags: ['app:1'] })
  const path = join(here.root, 'app.tar')
  writeFileSync(path, await collectBytes(save(here, { images: ['app:1'] })))
  const layout = join(here.root, 'layout')
  mkdirSync(layout)
  execFileSync('tar', ['-xf', path, '-C', layout])
  const [foreign] = here.images.index('app:1')!.members
  removeTree(join(layout, 'manifest.json'))
  removeTree(join(layout, 'blobs/sha256', hex(foreign!.image!.id)))
  using there = emptyEngine()
  await load(there, { source: layout })
  assert.equal(there.images.index('app:1'), undefined)
  assert.equal(await inspected(there, 'app:1'), own)
  assert.equal(there.images.find(parseReference('app:1').repository), undefined)
})
