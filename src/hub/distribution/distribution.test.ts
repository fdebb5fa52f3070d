import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { digestOf, mediaTypes } from '../../oci/mod.ts'
import { basic, errorCode, pushBlob, pushImage, putManifest, send, startHub, type TestHub } from '../testing.ts'

let hub: TestHub
before(async () => {
  hub = await startHub()
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

const user = 'alice'
const go = (line: string, headers: Record<string, string> = {}, body?: Uint8Array | string) =>
  send(hub, line, { user, headers, body: body as RequestInit['body'] })
const json = async <T>(answer: Response) => (await answer.json()) as T
const begin = async (repository: string) => (await go(`POST /v2/${repository}/blobs/uploads/`)).headers.get('location')!

describe('pulling', () => {
  test('manifests by tag and digest, with and without a body', async () => {
    const { digest, manifest } = await pushImage(hub, 'alice/pull', { user, tag: '1.0' })
    for (const reference of ['1.0', digest]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await go(`${method} /v2/alice/pull/manifests/${reference}`)
        assert.equal(answer.status, 200)
        assert.equal(answer.headers.get('content-type'), mediaTypes.manifest)
        assert.equal(answer.headers.get('docker-content-digest'), digest)
        assert.equal(answer.headers.get('content-length'), String(manifest.length))
        assert.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0')
        assert.equal(await answer.text(), method === 'GET' ? manifest : '')
      }
    }
    const known = await go('GET /v2/alice/pull/manifests/1.0', { 'if-none-match': `"${digest}"` })
    assert.equal(known.status, 304)
    for (const [path, code] of [
      ['alice/pull/manifests/none', 'MANIFEST_UNKNOWN'],
      ['alice/pull/manifests/.can-be-no-tag', 'MANIFEST_UNKNOWN'],
      ['alice/none/manifests/1.0', 'NAME_UNKNOWN'],
      [`alice/pull/manifests/sha256:${'0'.repeat(64)}`, 'MANIFEST_UNKNOWN'],
      [`alice/pull/blobs/sha256:${'0'.repeat(64)}`, 'BLOB_UNKNOWN'],
    ]) {
      const answer = await go(`GET /v2/${path}`)
      assert.deepEqual([answer.status, await errorCode(answer)], [404, code])
    }
    const { errors } = await json<{ errors: { message: string }[] }>(await go('GET /v2/alice/pull/manifests/latest'))
    assert.equal(errors[0]!.message, 'alice/pull has no latest; its newest tags: 1.0')
    const put = await putManifest(hub, 'alice/pull/manifests/.can-be-no-tag', { user, manifest })
    assert.deepEqual([put.status, await errorCode(put)], [400, 'TAG_INVALID'])
  })

  test('blobs whole and in stretches', async () => {
    const content = randomBytes(300_000)
    const digest = await pushBlob(hub, 'alice/pull', { user, content })
    const get = (range?: string) => go(`GET /v2/alice/pull/blobs/${digest}`, range ? { range } : {})
    assert.deepEqual(Buffer.from(await (await get()).arrayBuffer()), content)
    const part = await get('bytes=1000-1999')
    assert.equal(part.status, 206)
    assert.equal(part.headers.get('content-range'), 'bytes 1000-1999/300000')
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), content.subarray(1000, 2000))
    assert.deepEqual(Buffer.from(await (await get('bytes=-10')).arrayBuffer()), content.subarray(-10))
    assert.deepEqual(Buffer.from(await (await get('bytes=299990-')).arrayBuffer()), content.subarray(-10))
    const beyond = await get('bytes=300000-')
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */300000'])
    assert.equal((await get('lines=1-2')).status, 200)
    const head = await go(`HEAD /v2/alice/pull/blobs/${digest}`)
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '300000'])
  })
})

describe('pushing', () => {
  const content = randomBytes(100_000)
  const digest = digestOf(content)

  test('in one, by POST and PUT', async () => {
    const posted = await go(`POST /v2/alice/one/blobs/uploads/?digest=${digest}`, {}, content)
    assert.deepEqual([posted.status, posted.headers.get('location')], [201, `/v2/alice/one/blobs/${digest}`])
    const location = await begin('alice/two')
    const put = await go(`PUT ${location}?digest=${digest}`, {}, content)
    assert.deepEqual([put.status, put.headers.get('docker-content-digest')], [201, digest])
    assert.equal((await go(`GET ${location}`)).status, 404)
    assert.equal((await go(`HEAD /v2/alice/two/blobs/${digest}`)).status, 200)
  })

  test('in chunks, each where the last one ended', async () => {
    const location = await begin('alice/chunks')
    const patch = (first: number, last: number) => {
      const headers = { 'content-range': `${first}-${last}`, 'content-type': 'application/octet-stream' }
      return go(`PATCH ${location}`, headers, content.subarray(first, last + 1))
    }
    const first = await patch(0, 39_999)
    assert.deepEqual([first.status, first.headers.get('range')], [202, '0-39999'])
    const gap = await patch(50_000, 59_999)
    assert.deepEqual([gap.status, gap.headers.get('range')], [416, '0-39999'])
    assert.equal((await patch(0, 39_999)).status, 416)
    const lying = await go(`PATCH ${location}`, { 'content-range': '40000-40009' }, content.subarray(0, 5))
    assert.deepEqual([lying.status, await errorCode(lying)], [400, 'SIZE_INVALID'])
    assert.equal((await go(`PATCH ${location}`, { 'content-range': 'x' }, 'abc')).status, 416)
    assert.equal((await patch(40_000, 79_999)).status, 202)
    const where = await go(`GET ${location}`)
    assert.deepEqual([where.status, where.headers.get('range')], [204, '0-79999'])
    const put = await go(
      `PUT ${location}?digest=${digest}`,
      { 'content-range': '80000-99999' },
      content.subarray(80_000),
    )
    assert.equal(put.status, 201)
    assert.deepEqual(Buffer.from(await (await go(`GET /v2/alice/chunks/blobs/${digest}`)).arrayBuffer()), content)
  })

  test('wrong bytes never show, and their upload is gone', async () => {
    const location = await begin('alice/wrong')
    const put = await go(`PUT ${location}?digest=${digestOf('other')}`, {}, content)
    assert.deepEqual([put.status, await errorCode(put)], [400, 'DIGEST_INVALID'])
    assert.equal((await go(`GET ${location}`)).status, 404)
    assert.equal((await go(`HEAD /v2/alice/wrong/blobs/${digestOf('other')}`)).status, 404)
    assert.equal((await go(`HEAD /v2/alice/wrong/blobs/${digest}`)).status, 404)
  })

  test('an upload belongs to its repository, and can be given up', async () => {
    const location = await begin('alice/mine')
    assert.equal((await go(`PATCH ${location.replace('mine', 'other')}`, {}, 'abc')).status, 404)
    assert.equal((await go(`DELETE ${location}`)).status, 204)
    assert.equal((await go(`DELETE ${location}`)).status, 404)
  })

  test('a connection that breaks is gone on with, after a restart too', async () => {
    const location = await begin('alice/broken')
    const { hostname, port } = new URL(hub.url)
    const socket = connect(Number(port), hostname)
    const head = [`PATCH ${location} HTTP/1.1`, 'host: hub', `authorization: ${basic(user).authorization}`]
    socket.write(`${head.join('\r\n')}\r\ncontent-length: ${content.length}\r\n\r\n`)
    socket.write(content.subarray(0, 60_000))
    // The hub has them when its file has.
    const uploads = join(hub.folder, 'uploads')
    while (readdirSync(uploads).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.destroy()
    await once(socket, 'close')
    const size = async () => Number((await go(`GET ${location}`)).headers.get('range')!.split('-')[1]) + 1
    while ((await size()) < 60_000) await new Promise((resolve) => setTimeout(resolve, 10))
    await hub.restart()
    assert.equal(await size(), 60_000)
    const patch = await go(`PATCH ${location}`, { 'content-range': '60000-99999' }, content.subarray(60_000))
    assert.equal(patch.status, 202)
    assert.equal((await go(`PUT ${location}?digest=${digest}`)).status, 201)
  })

  test('two requests at one upload: one waits for nothing and is refused', async () => {
    const location = await begin('alice/race')
    const patches = await Promise.all(Array.from({ length: 5 }, () => go(`PATCH ${location}`, {}, content)))
    const statuses = new Set(patches.map(({ status }) => status))
    assert.ok(statuses.has(202) && [...statuses].every((status) => status === 202 || status === 409))
  })

  test('the same blob and tag by many at once', async () => {
    const shared = randomBytes(50_000)
    const images = await Promise.all(
      Array.from({ length: 12 }, (_, i) => pushImage(hub, `alice/many${i % 3}`, { user, tag: 'x', content: shared })),
    )
    assert.equal(new Set(images.map((image) => image.digest)).size, 1)
    const answer = await go(`GET /v2/alice/many1/blobs/${digestOf(shared)}`)
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), shared)
    const stored = readdirSync(join(hub.folder, 'blobs', digestOf(shared).slice(7, 9)))
    assert.equal(stored.filter((name) => name.startsWith(digestOf(shared).slice(7))).length, 1)
  })

  test('manifests whose parts are missing, or are of another size, are refused', async () => {
    const { layer, config } = await pushImage(hub, 'alice/parts', { user, tag: 'x' })
    const size = async (digest: string) =>
      Number((await go(`HEAD /v2/alice/parts/blobs/${digest}`)).headers.get('content-length'))
    const manifest = async (digest: string, layerSize: number) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: { mediaType: mediaTypes.config, digest: config, size: await size(config) },
        layers: [{ mediaType: mediaTypes.layerGzip, digest, size: layerSize }],
      })
    const put = async (text: string, repository = 'alice/parts') => {
      const answer = await putManifest(hub, `${repository}/manifests/y`, { user, manifest: text })
      return [answer.status, answer.status === 201 ? '' : await errorCode(answer)]
    }
    assert.deepEqual(await put(await manifest(layer, 2000)), [201, ''])
    assert.deepEqual(await put(await manifest(digestOf('none'), 4)), [404, 'MANIFEST_BLOB_UNKNOWN'])
    assert.deepEqual(await put(await manifest(layer, 2001)), [400, 'MANIFEST_INVALID'])
    // What another repository has does not count.
    assert.deepEqual(await put(await manifest(layer, 2000), 'alice/elsewhere'), [404, 'MANIFEST_BLOB_UNKNOWN'])
    const wrong = `alice/parts/manifests/${digestOf('x')}`
    assert.equal(
      await errorCode(await putManifest(hub, wrong, { user, manifest: await manifest(layer, 2000) })),
      'DIGEST_INVALID',
    )
  })

  test('an index needs its manifests, and keeps them', async () => {
    const { digest, manifest } = await pushImage(hub, 'alice/index', { user })
    const index = (target: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [{ mediaType: mediaTypes.manifest, digest: target, size: manifest.length }],
      })
    const put = (text: string) =>
      putManifest(hub, 'alice/index/manifests/multi', { user, manifest: text, type: mediaTypes.index })
    assert.equal(await errorCode(await put(index(digestOf('none')))), 'MANIFEST_BLOB_UNKNOWN')
    assert.equal((await put(index(digest))).status, 201)
    assert.equal((await go(`DELETE /v2/alice/index/manifests/${digest}`)).status, 405)
    assert.equal((await go(`DELETE /v2/alice/index/manifests/${digestOf(index(digest))}`)).status, 202)
    assert.equal((await go(`DELETE /v2/alice/index/manifests/${digest}`)).status, 202)
  })
})

describe('finding', () => {
  test('tags in order, by pages', async () => {
    const names = ['0.9', '1.0', '1.1', 'latest', 'z']
    for (const tag of names.toReversed()) await pushImage(hub, 'alice/tags', { user, tag })
    const all: string[] = []
    let path: string | undefined = '/v2/alice/tags/tags/list?n=2'
    while (path !== undefined) {
      const answer: Response = await go(`GET ${path}`)
      const { name, tags } = await json<{ name: string; tags: string[] }>(answer)
      assert.equal(name, 'alice/tags')
      assert.ok(tags.length <= 2)
      all.push(...tags)
      path = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    assert.deepEqual(all, names)
    const list = async (query: string) =>
      (await json<{ tags: string[] }>(await go(`GET /v2/alice/tags/tags/list?${query}`))).tags
    assert.deepEqual(await list('last=1.0'), ['1.1', 'latest', 'z'])
    assert.deepEqual(await list('n=0'), [])
    assert.equal((await go('GET /v2/alice/tags/tags/list?n=-1')).status, 400)
    assert.equal((await go('GET /v2/alice/nothing/tags/list')).status, 404)
  })

  test('referrers, before and after their subject, and by type', async () => {
    const { digest, manifest, config } = await pushImage(hub, 'alice/subject', { user, tag: 'x' })
    const size = Number((await go(`HEAD /v2/alice/subject/blobs/${config}`)).headers.get('content-length'))
    const about = (artifactType: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        artifactType,
        config: { mediaType: mediaTypes.config, digest: config, size },
        layers: [],
        subject: { mediaType: mediaTypes.manifest, digest, size: manifest.length },
        annotations: { of: artifactType },
      })
    for (const type of ['test/signature', 'test/sbom']) {
      const text = about(type)
      const answer = await putManifest(hub, `alice/subject/manifests/${digestOf(text)}`, { user, manifest: text })
      assert.deepEqual([answer.status, answer.headers.get('oci-subject')], [201, digest])
    }
    interface List {
      mediaType: string
      manifests: { artifactType: string; annotations: object; digest: string }[]
    }
    const all = await go(`GET /v2/alice/subject/referrers/${digest}`)
    assert.equal(all.headers.get('content-type'), mediaTypes.index)
    const { manifests } = await json<List>(all)
    assert.deepEqual(manifests.map(({ artifactType }) => artifactType).sort(), ['test/sbom', 'test/signature'])
    assert.deepEqual(manifests.map(({ annotations }) => annotations).find((entry) => 'of' in entry) !== undefined, true)
    const some = await go(`GET /v2/alice/subject/referrers/${digest}?artifactType=test/sbom`)
    assert.equal(some.headers.get('oci-filters-applied'), 'artifactType')
    assert.equal((await json<List>(some)).manifests.length, 1)
    const none = await go(`GET /v2/alice/subject/referrers/${digestOf('none')}`)
    assert.deepEqual([none.status, (await json<List>(none)).manifests], [200, []])
    assert.equal((await go('GET /v2/alice/subject/referrers/x')).status, 400)
  })
})

describe('deleting', () => {
  test('a tag, a manifest, a blob', async () => {
    const { digest, layer } = await pushImage(hub, 'alice/gone', { user, tag: 'a' })
    assert.equal((await go(`DELETE /v2/alice/gone/blobs/${layer}`)).status, 405)
    assert.equal((await go('DELETE /v2/alice/gone/manifests/a')).status, 202)
    assert.equal((await go('GET /v2/alice/gone/manifests/a')).status, 404)
    assert.equal((await go(`GET /v2/alice/gone/manifests/${digest}`)).status, 200)
    assert.equal((await go(`DELETE /v2/alice/gone/manifests/${digest}`)).status, 202)
    assert.equal((await go(`GET /v2/alice/gone/manifests/${digest}`)).status, 404)
    assert.equal((await go(`DELETE /v2/alice/gone/manifests/${digest}`)).status, 404)
    assert.equal((await go(`DELETE /v2/alice/gone/blobs/${layer}`)).status, 202)
    assert.equal((await go(`GET /v2/alice/gone/blobs/${layer}`)).status, 404)
  })

  test('immutable tags stay', async () => {
    const { digest, manifest } = await pushImage(hub, 'alice/held', { user, tag: '1' })
    await hub.data.repositories.set('alice/held', { immutable: true })
    await assert.rejects(pushImage(hub, 'alice/held', { user, tag: '1' }), /immutable/)
    assert.equal((await putManifest(hub, 'alice/held/manifests/1', { user, manifest })).status, 201)
    await pushImage(hub, 'alice/held', { user, tag: '2' })
    for (const reference of ['1', digest]) {
      assert.equal((await go(`DELETE /v2/alice/held/manifests/${reference}`)).status, 405)
    }
  })
})

test('a quota holds, and says so', async () => {
  await hub.data.accounts.setQuota('bob', 10_000)
  await pushImage(hub, 'bob/small', { user: 'bob', tag: 'x', content: randomBytes(8000) })
  const content = randomBytes(4000)
  const digest = digestOf(content)
  const answer = await send(hub, `POST /v2/bob/small/blobs/uploads/?digest=${digest}`, { user: 'bob', body: content })
  assert.equal(answer.status, 403)
  assert.match(await answer.text(), /quota of \\"bob\\" is used up: 10kB/)
  assert.equal((await send(hub, `HEAD /v2/bob/small/blobs/${digest}`, { user: 'bob' })).status, 404)
  await hub.data.accounts.setQuota('bob', undefined)
  await pushImage(hub, 'bob/small', { user: 'bob', tag: 'y', content })
})
