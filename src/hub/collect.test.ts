import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf } from '../oci/mod.ts'
import { collect } from './collect.ts'
import { pushBlob, pushImage, putManifest, send, startHub, type TestHub } from './testing.ts'

let hub: TestHub
before(async () => {
  hub = await startHub()
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

const user = 'alice'
const day = 86_400_000
const status = async (line: string) => (await send(hub, line, { user })).status
const storedKeys = () =>
  readdirSync(join(hub.folder, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('/'))

test('what no manifest needs goes after its time of grace; what one needs stays', async () => {
  const kept = await pushImage(hub, 'alice/kept', { user, tag: 'x' })
  const loose = await pushBlob(hub, 'alice/kept', { user, content: randomBytes(1000) })
  const none = await collect(hub.data, day)
  assert.deepEqual([none.blobs, none.leftovers], [0, 0])
  assert.equal(await status(`HEAD /v2/alice/kept/blobs/${loose}`), 200)
  const some = await collect(hub.data, 0)
  assert.deepEqual([some.blobs, some.bytes], [1, 1000])
  assert.equal(await status(`HEAD /v2/alice/kept/blobs/${loose}`), 404)
  assert.equal(await status(`GET /v2/alice/kept/blobs/${kept.layer}`), 200)
  assert.equal(await status(`GET /v2/alice/kept/blobs/${kept.config}`), 200)
  // Another repository's manifest keeps the bytes, not the right to read them here.
  await pushImage(hub, 'alice/other', { user, tag: 'x' })
  assert.equal(await status(`DELETE /v2/alice/kept/manifests/${kept.digest}`), 202)
  assert.equal((await collect(hub.data, 0)).blobs, 2)
  assert.equal(await status(`HEAD /v2/alice/kept/blobs/${kept.layer}`), 404)
  assert.equal(storedKeys().length, 2)
})

test('leftovers of a crash go, young ones stay', async () => {
  const old = new Date(Date.now() - 2 * day)
  for (const name of ['uploads/abandoned', `blobs/ab/ab${'0'.repeat(62)}-12345678`]) {
    const path = join(hub.folder, name)
    await import('node:fs').then(({ mkdirSync }) => mkdirSync(join(path, '..'), { recursive: true }))
    writeFileSync(path, 'x')
    utimesSync(path, old, old)
  }
  writeFileSync(join(hub.folder, 'uploads/young'), 'x')
  assert.equal((await collect(hub.data, day)).leftovers, 2)
  assert.ok(readdirSync(join(hub.folder, 'uploads')).includes('young'))
})

test('collections while many push: every image that was acknowledged is whole', async () => {
  const shared = randomBytes(20_000)
  let pushing = true
  const collector = (async () => {
    // Without grace a push may have to send a blob again: what it was told stays true all the same.
    while (pushing) {
      await collect(hub.data, 0)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  const pushed: string[] = []
  const push = async (i: number) => {
    for (let attempt = 0; attempt < 50; attempt++) {
      try {
        await pushImage(hub, `alice/gc${i % 4}`, { user, tag: `t${i}`, content: i % 2 ? shared : randomBytes(3000) })
        pushed.push(`alice/gc${i % 4}/manifests/t${i}`)
        return
      } catch (error) {
        assert.match(String(error), /MANIFEST_BLOB_UNKNOWN/)
      }
    }
  }
  await Promise.all(Array.from({ length: 40 }, (_, i) => push(i)))
  pushing = false
  await collector
  assert.ok(pushed.length > 0)
  for (const path of pushed) {
    const manifest = (await (await send(hub, `GET /v2/${path}`, { user })).json()) as {
      config: { digest: string }
      layers: { digest: string }[]
    }
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const answer = await send(hub, `GET /v2/${path.replace(/manifests.*/, '')}blobs/${digest}`, { user })
      assert.equal(digestOf(Buffer.from(await answer.arrayBuffer())), digest)
    }
  }
})

test('a blob that a client has asked for is not taken from under its push', async () => {
  const digest = await pushBlob(hub, 'alice/asked', { user, content: randomBytes(500) })
  const repository = (await hub.data.repositories.find('alice/asked'))!
  await new Promise((resolve) => setTimeout(resolve, 5))
  const before = Date.now()
  await hub.data.contents.touchBlob(repository, digest as never)
  assert.equal(await status(`HEAD /v2/alice/asked/blobs/${digest}`), 200)
  // The link is young: it was written down less than an hour ago.
  assert.equal((await hub.data.contents.sweep(before - day)).keys.includes(digest), false)
  assert.equal(await status(`HEAD /v2/alice/asked/blobs/${digest}`), 200)
})

test('retention: the newest, the young, and what they need', async () => {
  const tags = async (name: string) => {
    const answer = await send(hub, `GET /v2/${name}/tags/list`, { user })
    return ((await answer.json()) as { tags: string[] }).tags
  }
  const images = []
  for (const tag of ['1', '2', '3', '4']) {
    images.push(await pushImage(hub, 'alice/rules', { user, tag }))
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  await hub.data.repositories.set('alice/rules', { retention: { newest: 2, days: 1 } })
  assert.deepEqual(await hub.data.contents.prune(Date.now()), [])
  assert.deepEqual((await hub.data.contents.prune(Date.now() + 2 * day)).sort(), ['alice/rules:1', 'alice/rules:2'])
  assert.deepEqual(await tags('alice/rules'), ['3', '4'])
  // Without a tag they are still there by digest, until the rule for that.
  assert.equal(await status(`GET /v2/alice/rules/manifests/${images[0]!.digest}`), 200)
  await hub.data.repositories.set('alice/rules', { retention: { untaggedDays: 7 } })
  const about = JSON.stringify({
    ...JSON.parse(images[3]!.manifest),
    subject: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: images[3]!.digest,
      size: images[3]!.manifest.length,
    },
  })
  const path = `alice/rules/manifests/${digestOf(about)}`
  assert.equal((await putManifest(hub, path, { user, manifest: about })).status, 201)
  await hub.data.contents.prune(Date.now() + 8 * day)
  assert.equal(await status(`GET /v2/alice/rules/manifests/${images[0]!.digest}`), 404)
  assert.equal(await status(`GET /v2/alice/rules/manifests/${images[2]!.digest}`), 200)
  assert.equal(await status(`GET /v2/${path}`), 200)
})
