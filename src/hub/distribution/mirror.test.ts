import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { digestOf, mediaTypes } from '../../oci/mod.ts'
import { basic, password, pushImage, send, startHub, type TestHub } from '../testing.ts'

let upstream: TestHub
let hub: TestHub
before(async () => {
  upstream = await startHub()
  hub = await startHub()
  const add = (name: string, url: string) => hub.data.accounts.addNamespace({ name, kind: 'mirror', upstream: url })
  await add('copy', upstream.url)
  const signedIn = new URL(upstream.url)
  signedIn.username = 'alice'
  signedIn.password = encodeURIComponent(password)
  await add('signed', signedIn.href)
})
after(async () => {
  await hub[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const body = async (path: string) => {
  const answer = await send(hub, `GET /v2/${path}`)
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
}

test('what is pulled is copied, and served while the upstream is away', async () => {
  const content = randomBytes(3_000_000)
  const image = await pushImage(upstream, 'alice/app', { user: 'alice', tag: '1', content })
  const manifest = await body('copy/alice/app/manifests/1')
  assert.deepEqual([manifest.status, manifest.bytes.toString()], [200, image.manifest])
  assert.equal(
    (await send(hub, `HEAD /v2/copy/alice/app/blobs/${image.layer}`)).headers.get('content-length'),
    '3000000',
  )
  // Many at once: one fetch, and everybody gets all of it.
  const pulls = await Promise.all(Array.from({ length: 5 }, () => body(`copy/alice/app/blobs/${image.layer}`)))
  for (const { status, bytes } of pulls) assert.deepEqual([status, digestOf(bytes)], [200, image.layer])
  assert.equal((await body(`copy/alice/app/blobs/${image.config}`)).status, 200)
  const reads = (digest: string) =>
    upstream.log.filter(({ method, path }) => method === 'GET' && String(path).endsWith(digest)).length
  // A log says so when the answer is there already.
  while (reads(image.layer) + reads(image.config) < 2) await setTimeout(5)
  assert.equal(reads(image.layer), 1)
  const asked = upstream.log.length
  assert.equal((await body('copy/alice/app/manifests/1')).status, 200)
  assert.equal((await body(`copy/alice/app/blobs/${image.layer}`)).status, 200)
  assert.equal(upstream.log.length, asked)
})

test('what is not there, what is private, and pushes', async () => {
  await pushImage(upstream, 'alice/hidden', { user: 'alice', tag: '1' })
  await upstream.data.repositories.set('alice/hidden', { visibility: 'private' })
  assert.equal((await body('copy/alice/none/manifests/1')).status, 404)
  assert.equal((await body('copy/alice/hidden/manifests/1')).status, 404)
  assert.equal((await body('signed/alice/hidden/manifests/1')).status, 200)
  // Nobody makes the hub fetch what no manifest of its own needs.
  const { layer } = await pushImage(upstream, 'alice/app', { user: 'alice', tag: '2' })
  const asked = upstream.log.length
  assert.equal((await body(`copy/alice/app/blobs/${layer}`)).status, 404)
  assert.equal(upstream.log.length, asked)
  const push = await send(hub, 'POST /v2/copy/alice/app/blobs/uploads/', { headers: basic('root1') })
  assert.equal(push.status, 403)
})

test('a tag that moved is seen again, and one that is known outlives the upstream', async () => {
  const first = await pushImage(upstream, 'alice/moving', { user: 'alice', tag: 'x' })
  assert.equal((await body('copy/alice/moving/manifests/x')).bytes.toString(), first.manifest)
  const second = await pushImage(upstream, 'alice/moving', { user: 'alice', tag: 'x' })
  const repository = (await hub.data.repositories.find('copy/alice/moving'))!
  const stale = () => hub.data.contents.touchTag(repository, 'x', 0)
  await stale()
  assert.equal((await body('copy/alice/moving/manifests/x')).bytes.toString(), second.manifest)
  await stale()
  await upstream[Symbol.asyncDispose]()
  assert.equal((await body('copy/alice/moving/manifests/x')).bytes.toString(), second.manifest)
  assert.equal((await body('copy/alice/never/manifests/x')).status, 503)
  upstream = await startHub()
})

test('an upstream that lies gets nothing into the copy', async () => {
  const layer = randomBytes(300_000)
  const config = Buffer.from('{}')
  const descriptor = (mediaType: string, content: Uint8Array) => ({
    mediaType,
    digest: digestOf(content),
    size: content.length,
  })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(mediaTypes.config, config),
    layers: [descriptor(mediaTypes.layerGzip, layer)],
  })
  let lies = true
  const liar = createServer((request, response) => {
    const path = request.url!
    const wrong = Buffer.from(layer.map((byte) => byte ^ 1))
    const known = path.includes(digestOf(layer)) ? (lies ? wrong : layer) : config
    const body = path.includes('/manifests/') ? manifest : known
    const type = path.includes('/manifests/') ? mediaTypes.manifest : 'text/html'
    response.writeHead(200, { 'content-type': type, 'docker-content-digest': digestOf('x') }).end(body)
  })
  await once(liar.listen(0, '127.0.0.1'), 'listening')
  try {
    const upstream = `http://127.0.0.1:${(liar.address() as AddressInfo).port}/`
    await hub.data.accounts.addNamespace({ name: 'liar', kind: 'mirror', upstream })
    // Other bytes than those of the digest, under any name.
    assert.equal((await body(`liar/app/manifests/${digestOf('something else')}`)).status, 503)
    assert.deepEqual((await body('liar/app/manifests/1')).bytes, Buffer.from(manifest))
    const path = `liar/app/blobs/${digestOf(layer)}`
    await assert.rejects(body(path), 'the answer ends before its end')
    const repository = (await hub.data.repositories.find('liar/app'))!
    assert.equal(await hub.data.contents.blob(repository, digestOf(layer)), undefined)
    assert.deepEqual(readdirSync(join(hub.folder, 'uploads')), [])
    // What no manifest names is not fetched for anybody.
    assert.equal((await body(`liar/app/blobs/${digestOf('secret')}`)).status, 404)
    lies = false
    const answer = await send(hub, `GET /v2/${path}`)
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream')
    assert.equal(digestOf(Buffer.from(await answer.arrayBuffer())), digestOf(layer))
  } finally {
    liar.close()
    liar.closeAllConnections()
  }
})
