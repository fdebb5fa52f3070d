import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Descriptor, type Digest, digestOf, mediaTypes } from '../../oci/mod.ts'
import { cacheConfigType, parseCacheConfig, printCacheConfig } from './config.ts'
import { ownRecords } from './own-records.ts'
import { createdAnnotation, diffIdAnnotation, inlineField, readCaches } from './read.ts'

const digest = (text: string) => digestOf(text)

/** A cache of this configuration and these layers, as an image manifest. */
function cacheOf(config: unknown, layers: readonly Descriptor[] = [], type: string = cacheConfigType) {
  const blobs = new Map<Digest, Buffer>()
  const put = (mediaType: string, value: unknown): Descriptor => {
    const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    blobs.set(digestOf(bytes), bytes)
    return { mediaType, digest: digestOf(bytes), size: bytes.length }
  }
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: put(type, config), layers }
  const root = put(mediaTypes.manifest, manifest)
  async function* fetch(descriptor: Descriptor) {
    yield blobs.get(descriptor.digest) ?? Buffer.alloc(0)
  }
  return { root, source: { name: 'test', fetch } }
}

function layer(name: string, annotations: Record<string, string> = {}): Descriptor {
  const own = { [diffIdAnnotation]: digest(`diff ${name}`), ...annotations }
  return { mediaType: mediaTypes.layerGzip, digest: digest(name), size: 1, annotations: own }
}

describe('a cache that somebody else wrote', () => {
  const [operation, key, other] = [digest('operation'), digest('key'), digest('other')]
  const records = ownRecords([{ operation, keys: [key, other], layer: 1, createdAt: 1000 }], [digest('config')])
  const layers = [
    { blob: digest('a'), parent: -1 },
    { blob: digest('b'), parent: 0 },
  ]

  it('gives results by key, and what it knows without one', async () => {
    const printed = JSON.parse(printCacheConfig({ layers, records }))
    const { root, source } = cacheOf(printed, [layer('a', { [createdAnnotation]: '1970-01-01T00:00:05Z' }), layer('b')])
    const [cache] = await readCaches(source, root)
    const [top] = cache!.results(key)
    assert.deepEqual([top!.descriptor.digest, top!.diffId, top!.createdAt], [digest('b'), digest('diff b'), 1000])
    assert.deepEqual([top!.parent!.descriptor.digest, top!.parent!.createdAt], [digest('a'), 5000])
    assert.equal(top!.parent!.parent, undefined)
    assert.deepEqual(cache!.sameAs(key).sort(), [key, other].sort())
    assert.ok(cache!.has(operation) && cache!.has(digest('config')))
    assert.deepEqual(cache!.results(operation), [])
    assert.deepEqual(cache!.results('nothing'), [])
  })

  it('has no result where a layer stands on itself, is not there, or does not say what it is', async () => {
    const bad = [
      [{ blob: digest('a'), parent: 1 }, layers[1]],
      [{ blob: digest('a'), parent: 0 }, layers[1]],
      [{ blob: digest('a'), parent: 7 }, layers[1]],
      [{ blob: digest('missing'), parent: -1 }, layers[1]],
      [layers[0]],
    ]
    for (const list of bad) {
      const { root, source } = cacheOf({ layers: list, records }, [layer('a'), layer('b')])
      assert.deepEqual((await readCaches(source, root))[0]!.results(key), [])
    }
    const unsaid = cacheOf({ layers, records }, [layer('a', { [diffIdAnnotation]: 'sha256:no' }), layer('b')])
    assert.deepEqual((await readCaches(unsaid.source, unsaid.root))[0]!.results(key), [])
    const deep = Array.from({ length: 10_000 }, (_, i) => ({ blob: digest('a'), parent: i - 1 }))
    const far = ownRecords([{ operation, keys: [key], layer: 9_999, createdAt: 0 }], [])
    const { root, source } = cacheOf({ layers: deep, records: far }, [layer('a')])
    assert.deepEqual((await readCaches(source, root))[0]!.results(key), [])
  })

  it('is refused where its form is wrong', () => {
    const bad = [
      '[]',
      '{"layers":{}}',
      '{"layers":[1]}',
      '{"layers":[{"blob":"sha256:1"}]}',
      `{"layers":[{"blob":"${key}","parent":"0"}]}`,
      `{"layers":[{"blob":"${key}","parent":-2}]}`,
      '{"records":[null]}',
      '{"records":[{"digest":"random:1"}]}',
      `{"records":[{"digest":"${key}","layers":[{"layer":1.5}]}]}`,
      `{"records":[{"digest":"${key}","layers":[{"layer":0,"createdAt":1}]}]}`,
      `{"records":[{"digest":"${key}","inputs":[[{"link":-1}]]}]}`,
      `{"records":[{"digest":"${key}","inputs":[{"link":0}]}]}`,
      `{"records":${'['.repeat(100)}${']'.repeat(100)}}`,
    ]
    for (const text of bad) assert.throws(() => parseCacheConfig(Buffer.from(text)), { code: 'corrupt' }, text)
    assert.deepEqual(parseCacheConfig(Buffer.from('{"layers":null,"records":null}')), { layers: [], records: [] })
    // As Go writes it: what is 0 is left out.
    const parsed = parseCacheConfig(Buffer.from(`{"layers":[{"blob":"${key}"}],"records":[{"digest":"${key}"}]}`))
    assert.equal(parsed.layers[0]!.parent, 0)
  })

  it('links that lead nowhere or in circles are no operation of ours', async () => {
    const odd = [
      { digest: operation, inputs: [[{ link: 1 }]] },
      { digest: key, inputs: [[{ link: 0 }]], layers: [{ layer: 0 }] },
      { digest: other, inputs: [[{ link: 99 }]], layers: [{ layer: 0 }] },
    ]
    const { root, source } = cacheOf({ layers, records: odd }, [layer('a')])
    const [cache] = await readCaches(source, root)
    assert.deepEqual(cache!.sameAs(key), [])
    assert.deepEqual(cache!.sameAs(other), [])
    assert.equal(cache!.results(other).length, 1)
  })

  it('stands in the configuration of an image, or does not', async () => {
    const field = Buffer.from(JSON.stringify(JSON.parse(printCacheConfig({ layers: [], records })).records))
    const image = {
      rootfs: { type: 'layers', diff_ids: [digest('diff a'), digest('diff b')] },
      history: [{ created: '1970-01-01T00:00:07Z' }, { empty_layer: true }, {}],
      [inlineField]: field.toString('base64'),
    }
    const blobs = [layer('a'), layer('b')].map(({ annotations: _, ...descriptor }) => descriptor)
    const { root, source } = cacheOf(image, blobs, mediaTypes.config)
    const [cache] = await readCaches(source, root)
    const [top] = cache!.results(key)
    assert.deepEqual(
      [top!.diffId, top!.parent!.diffId, top!.parent!.createdAt],
      [digest('diff b'), digest('diff a'), 7000],
    )
    const plain = cacheOf({ rootfs: image.rootfs }, blobs, mediaTypes.config)
    assert.deepEqual(await readCaches(plain.source, plain.root), [])
    for (const broken of [
      { ...image, [inlineField]: 'e30=' },
      { ...image, rootfs: { diff_ids: [1] } },
    ]) {
      const { root, source } = cacheOf(broken, blobs, mediaTypes.config)
      await assert.rejects(readCaches(source, root), { code: 'corrupt' })
    }
  })
})
