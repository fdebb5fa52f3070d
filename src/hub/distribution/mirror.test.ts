import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { digestOf } from '../../oci/mod.ts'
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
  const reads = upstream.log.filter(({ method, path }) => method === 'GET' && String(path).endsWith(image.layer))
  assert.ok(reads.length >= 1 && reads.length <= 5)
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
