import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StrakeError } from '../../lib/mod.ts'
import { mediaTypes } from '../../oci/mod.ts'
import {
  errorBody,
  parseChallenges,
  parseContentRange,
  parseLink,
  parseManifest,
  parseRange,
  parseRetryAfter,
  parseScope,
  parseUploadRange,
  printChallenge,
  printLink,
  printScope,
  readErrors,
} from './mod.ts'

const digest = `sha256:${'a'.repeat(64)}`
const descriptor = { mediaType: mediaTypes.layerGzip, digest, size: 3 }
const image = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: descriptor, layers: [descriptor] }
const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [descriptor] }
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))
const fails = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof StrakeError && error.code === code && message.test(error.message)

describe('WWW-Authenticate', () => {
  const read = (header: string) => parseChallenges(header).map(({ scheme, parameters }) => [scheme, ...parameters])

  test('one challenge, several, quoting, token forms', () => {
    assert.deepEqual(read('Bearer realm="https://a/t",service="a b",scope="repository:x:pull,push"'), [
      ['bearer', ['realm', 'https://a/t'], ['service', 'a b'], ['scope', 'repository:x:pull,push']],
    ])
    assert.deepEqual(read('Basic realm="q\\"\\\\" , Bearer Realm=x, service = "y"'), [
      ['basic', ['realm', 'q"\\']],
      ['bearer', ['realm', 'x'], ['service', 'y']],
    ])
    assert.deepEqual(read('Negotiate YII=, Basic realm=""'), [['negotiate'], ['basic', ['realm', '']]])
    assert.deepEqual(read('Basic'), [['basic']])
    assert.deepEqual(read(printChallenge('Bearer', { realm: 'a"\\', service: 's' })), [
      ['bearer', ['realm', 'a"\\'], ['service', 's']],
    ])
  })

  test('what is none is refused', () => {
    for (const header of [
      'Bearer realm="open',
      'realm="x"',
      'Bearer realm="a",realm="b"',
      'Bearer realm="a" service="b"',
      'Bearer service="a",realm=',
      '"Bearer"',
      'Bearer \u0000',
      `Bearer ${'='.repeat(5000)}`,
    ]) {
      assert.throws(() => parseChallenges(header), fails('corrupt', /invalid WWW-Authenticate/), header)
    }
    assert.deepEqual(parseChallenges(`${','.repeat(15_000)}`), [])
  })
})

test('scopes', () => {
  assert.deepEqual(parseScope('repository:alice/app:pull,push'), {
    type: 'repository',
    name: 'alice/app',
    actions: ['pull', 'push'],
  })
  assert.equal(parseScope('repository:localhost:5000/app:pull')?.name, 'localhost:5000/app')
  assert.equal(printScope(parseScope('registry:catalog:*')!), 'registry:catalog:*')
  for (const text of ['', 'repository', 'repository:x', 'a b:c:d']) assert.equal(parseScope(text), undefined)
})

test('errors: what is printed is read again; a body of somebody else is none', () => {
  assert.deepEqual(readErrors(errorBody('DENIED', 'not yours')), [{ code: 'DENIED', message: 'not yours' }])
  assert.deepEqual(readErrors('{"errors":[{"code":"BLOB_UNKNOWN"},7,{}]}'), [
    { code: 'BLOB_UNKNOWN', message: 'blob unknown to registry' },
  ])
  assert.deepEqual(readErrors('{"details":"incorrect username or password"}'), [
    { code: 'UNKNOWN', message: 'incorrect username or password' },
  ])
  for (const body of ['', '<html>', 'null', '[]', '{"errors":7}']) assert.deepEqual(readErrors(body), [])
})

test('ranges of downloads', () => {
  assert.deepEqual(parseRange('bytes=2-4', 10), { first: 2, last: 4 })
  assert.deepEqual(parseRange('bytes=2-', 10), { first: 2, last: 9 })
  assert.deepEqual(parseRange('bytes=-3', 10), { first: 7, last: 9 })
  assert.deepEqual(parseRange('bytes=2-400', 10), { first: 2, last: 9 })
  assert.equal(parseRange('bytes=10-', 10), 'unsatisfiable')
  assert.equal(parseRange('bytes=-0', 10), 'unsatisfiable')
  for (const header of ['bytes=-', 'bytes=4-2', 'bytes=0-1,3-4', 'lines=0-1', 'bytes=1e3-']) {
    assert.equal(parseRange(header, 10), undefined)
  }
  assert.deepEqual(parseContentRange('bytes 5-9/20'), { first: 5, last: 9, size: 20 })
  assert.deepEqual(parseContentRange('bytes 5-9/*'), { first: 5, last: 9, size: undefined })
  assert.equal(parseContentRange('bytes */20'), undefined)
})

test('ranges of uploads, links, Retry-After', () => {
  assert.deepEqual(parseUploadRange('0-99'), { first: 0, last: 99 })
  assert.deepEqual(parseUploadRange('bytes=0-99'), { first: 0, last: 99 })
  assert.equal(parseUploadRange('99-0'), undefined)
  assert.equal(parseLink(printLink('/v2/_catalog?last=x&n=2', 'next'), 'next'), '/v2/_catalog?last=x&n=2')
  assert.equal(parseLink('<a>; rel=prev, <b,c>; title="x, y"; rel="first next"', 'next'), 'b,c')
  assert.equal(parseLink('<a>; rel=prev', 'next'), undefined)
  assert.equal(parseRetryAfter('3'), 3000)
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000)
  assert.equal(parseRetryAfter('soon'), undefined)
})

describe('manifests', () => {
  test('images and indexes, by media type or by what they have', () => {
    const read = parseManifest(bytesOf(image), `${mediaTypes.manifest}; charset=utf-8`)
    assert.equal(read.kind === 'image' && read.layers[0]?.digest, digest)
    assert.equal(parseManifest(bytesOf({ ...image, mediaType: undefined })).mediaType, mediaTypes.manifest)
    assert.equal(parseManifest(bytesOf({ ...index, mediaType: undefined }), 'application/json').kind, 'index')
    const docker = bytesOf({ ...image, mediaType: mediaTypes.dockerManifest })
    assert.equal(parseManifest(docker, mediaTypes.dockerManifest).mediaType, mediaTypes.dockerManifest)
  })

  test('two meanings are refused', () => {
    const both = { ...image, manifests: [descriptor] }
    for (const mediaType of [mediaTypes.manifest, mediaTypes.index, undefined]) {
      assert.throws(() => parseManifest(bytesOf({ ...both, mediaType })), fails('corrupt', /invalid manifest/))
    }
    assert.throws(() => parseManifest(bytesOf(image), mediaTypes.index), fails('corrupt', /was sent as/))
  })

  test('hostile documents are refused', () => {
    const wrong: [unknown, RegExp][] = [
      [{ ...image, layers: [{ ...descriptor, digest: 'sha256:../../x' }] }, /layers\[0\] has an invalid digest/],
      [{ ...image, layers: [{ ...descriptor, size: -1 }] }, /invalid size/],
      [{ ...image, layers: [{ ...descriptor, size: 1e300 }] }, /invalid size/],
      [{ ...image, layers: [{ ...descriptor, urls: [7] }] }, /invalid urls/],
      [{ ...image, layers: { length: 1e9 } }, /layers is not a list/],
      [{ ...image, config: null }, /config is not a descriptor/],
      [{ ...image, schemaVersion: 3 }, /schemaVersion/],
      [{ ...image, annotations: { a: 1 } }, /annotations/],
      [[], /not a JSON object/],
    ]
    for (const [value, message] of wrong) assert.throws(() => parseManifest(bytesOf(value)), fails('corrupt', message))
    assert.throws(() => parseManifest(Buffer.from('{"a":'.repeat(100_000))), fails('corrupt', /nested too deeply/))
    assert.throws(() => parseManifest(Buffer.alloc(5_000_000, 32)), fails('corrupt', /5000000 bytes/))
    assert.throws(() => parseManifest(Buffer.from('{"schemaVersion":1}')), fails('unsupported', /schema 1/))
    assert.throws(
      () => parseManifest(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
      fails('corrupt', /JSON/),
    )
  })
})
