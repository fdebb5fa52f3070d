import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf, mediaTypes } from '../oci/mod.ts'
import { basic, errorCode, pushImage, putManifest, send, startHub, type TestHub } from './testing.ts'

let hub: TestHub
before(async () => {
  hub = await startHub({ maxBlob: 50_000 })
  await pushImage(hub, 'alice/app', { user: 'alice', tag: 'x' })
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

const user = 'alice'

/** Sends bytes as they are, and gives what comes back until the hub closes. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(hub.url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('utf8').on('data', (piece) => {
    answer += piece
  })
  socket.on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  return answer
}

const request = (line: string, headers: readonly string[] = []) =>
  `${[`${line} HTTP/1.1`, 'host: hub', `authorization: ${basic(user).authorization}`, 'connection: close', ...headers].join('\r\n')}\r\n\r\n`

test('paths lead nowhere else', async () => {
  const before = readdirSync(dirname(hub.folder)).length
  for (const path of [
    '/v2/alice/../bob/manifests/x',
    '/v2/../../etc/passwd',
    '/v2/alice/app/blobs/sha256:../../x',
    '/v2/alice/app/blobs/sha256:%2e%2e%2f%2e%2e%2fx',
    '/v2/alice/app/manifests/..%2f..%2fx',
    '/v2/alice/app/manifests/%00',
    '/v2/alice/app/blobs/uploads/../../../hub.db',
    '/v2/alice%2f..%2f../manifests/x',
    '/v2/ALICE/app/manifests/x',
    `/v2/alice/${'a/'.repeat(200)}b/manifests/x`,
    `/v2/alice/app/manifests/${'a'.repeat(129)}`,
    '/v2/alice/app/blobs/sha512:abc',
    `/v2/alice/app/blobs/sha256:${'A'.repeat(64)}`,
    '/assets/../hub.db',
    '/%',
    '/v2/%ff/manifests/x',
  ]) {
    const answer = await raw(request(`GET ${path}`))
    assert.match(answer, /^HTTP\/1\.1 (400|404) /, path)
    assert.doesNotMatch(answer, /SQLite|root:/)
  }
  for (const digest of ['sha256:../../x', 'sha256:', `sha256:${'0'.repeat(63)}`, '../x', `md5:${'0'.repeat(32)}`]) {
    const path = `/v2/alice/app/blobs/uploads/?digest=${encodeURIComponent(digest)}`
    assert.equal(await errorCode(await send(hub, `POST ${path}`, { user, body: 'x' })), 'DIGEST_INVALID')
    const mount = `/v2/alice/app/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=alice/app`
    assert.equal((await send(hub, `POST ${mount}`, { user })).status, 400)
  }
  assert.equal(readdirSync(dirname(hub.folder)).length, before)
  assert.ok(!existsSync(join(hub.folder, 'x')))
})

test('claims that can not be true are refused before a byte is read', async () => {
  const location = (await send(hub, 'POST /v2/alice/app/blobs/uploads/', { user })).headers.get('location')!
  assert.match(await raw(request(`PATCH ${location}`, ['content-length: 10000000000'])), /^HTTP\/1\.1 413 /)
  assert.match(await raw(request('PUT /v2/alice/app/manifests/y', ['content-length: 10000000000'])), /^HTTP\/1\.1 413 /)
  assert.match(await raw(request('POST /token', ['content-length: 10000000000'])), /^HTTP\/1\.1 400 /)
  // Nothing is said of the size here: it is counted.
  const chunk = `${(20_000).toString(16)}\r\n${'x'.repeat(20_000)}\r\n`
  assert.match(
    await raw(`${request(`PATCH ${location}`, ['transfer-encoding: chunked'])}${chunk.repeat(3)}0\r\n\r\n`),
    /^HTTP\/1\.1 403 /,
  )
})

test('requests that could be read in two ways, and floods of headers', async () => {
  const both = request('POST /v2/alice/app/blobs/uploads/', ['content-length: 3', 'transfer-encoding: chunked'])
  assert.match(await raw(`${both}0\r\n\r\n`), /^HTTP\/1\.1 400 /)
  assert.match(await raw(request('GET /v2/', [`x: ${'y'.repeat(20_000)}`])), /^HTTP\/1\.1 431 /)
  assert.match(await raw(request('GET http://other/v2/')), /^HTTP\/1\.1 400 /)
  const many = Array.from({ length: 500 }, (_, i) => `h${i}: 1`)
  assert.match(await raw(request('GET /v2/', many)), /^HTTP\/1\.1 /)
})

test('the address of the token server is not what a client writes', async () => {
  for (const host of ['evil"x', 'a b', 'a/b', '@evil', 'x\ty']) {
    const answer = await raw(`GET /v2/ HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    assert.match(answer, /realm="http:\/\/localhost\/token"|^HTTP\/1\.1 400/, host)
  }
})

test('manifests: deep, large, of two meanings, of no meaning', async () => {
  const put = async (manifest: string, type: string = mediaTypes.manifest) => {
    const answer = await putManifest(hub, 'alice/app/manifests/y', { user, manifest, type })
    return [answer.status, await errorCode(answer)]
  }
  const descriptor = { mediaType: mediaTypes.config, digest: digestOf('x'), size: 1 }
  const many = { schemaVersion: 2, config: descriptor, layers: Array(6000).fill(descriptor) }
  for (const manifest of [
    `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    '['.repeat(100_000),
    JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [], manifests: [] }),
    JSON.stringify({ schemaVersion: 1, fsLayers: [] }),
    JSON.stringify({ schemaVersion: 2, config: { ...descriptor, digest: 'sha256:../../x' }, layers: [] }),
    JSON.stringify({ schemaVersion: 2, config: { ...descriptor, size: 1e30 }, layers: [] }),
    JSON.stringify(many),
    'null',
    '',
    '\u0000',
  ]) {
    assert.deepEqual(await put(manifest), [400, 'MANIFEST_INVALID'], manifest.slice(0, 60))
  }
  assert.equal((await put('x'.repeat(4 * 1024 * 1024 + 1)))[0], 413)
  assert.deepEqual(await put('{"schemaVersion":2}', 'text/html'), [400, 'MANIFEST_INVALID'])
  assert.equal((await send(hub, 'GET /v2/alice/app/manifests/y', { user })).status, 404)
})

test('nothing of a request is in the log but what it needs', async () => {
  await send(hub, 'GET /v2/alice/app/manifests/x?password=secret-in-query', { user })
  await send(hub, 'GET /v2/', { headers: basic('alice', 'secret in header') })
  const text = JSON.stringify(hub.log)
  assert.ok(text.includes('/v2/alice/app/manifests/x'))
  assert.ok(!text.includes('secret') && !text.includes(basic('alice').authorization))
  assert.deepEqual(
    hub.log.filter(({ message }) => message === 'a defect'),
    [],
  )
})

test('health, readiness and metrics', async () => {
  assert.equal(await (await send(hub, 'GET /healthz')).text(), 'ok\n')
  assert.equal((await send(hub, 'GET /readyz')).status, 200)
  assert.equal((await send(hub, 'GET /metrics')).status, 401)
  assert.equal((await send(hub, 'GET /metrics', { user: 'alice' })).status, 403)
  const text = await (await send(hub, 'GET /metrics', { user: 'root1' })).text()
  assert.match(text, /^strake_hub_blobs 2$/m)
  assert.match(text, /^strake_hub_requests_total\{route="v2",method="GET",status="200"\} \d+$/m)
  assert.match(text, /^strake_hub_request_duration_seconds_bucket\{route="v2",le="\+Inf"\} \d+$/m)
})
