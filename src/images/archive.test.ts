import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { mediaTypes } from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import { temporaryStore } from '../store/testing.ts'
import { loadArchive } from './archive-read.ts'
import { saveArchive } from './archive-write.ts'
import { openImages } from './catalog.ts'
import { collectBytes, makeImage, makeTar, streamOf } from './testing.ts'

const skip = process.getuid?.() !== 0 && 'layers are unpacked as root'
const sha = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('what is saved can be loaded elsewhere, and saved again as the same bytes', { skip }, async () => {
  using here = temporaryStore()
  using there = temporaryStore()
  const [images, others] = [openImages(here.store), openImages(there.store)]
  const base = await makeImage(here.store, images, { files: { a: 'base' }, tags: ['base:1', 'base:2'] })
  const top = await makeImage(here.store, images, { files: { b: 'top' }, parent: base.snapshot, tags: ['top'] })
  const loose = await makeImage(here.store, images, { files: { c: 'loose' } })
  const what = [base, top, loose].map((image) => ({ image, names: image.names }))
  const archive = await collectBytes(saveArchive(here.store, what))
  assert.deepEqual(await collectBytes(saveArchive(here.store, what)), archive)

  const loaded = await loadArchive(there.store, others, streamOf(archive))
  assert.deepEqual(
    loaded.map(({ image, names }) => [image.id, ...names]),
    what.map(({ image, names }) => [image.id, ...names]),
  )
  for (const { image } of what) {
    const { snapshot: _, ...rest } = image
    const { snapshot, ...found } = others.get(image.id)
    assert.deepEqual(found, rest)
    assert.equal(there.store.snapshots.ancestry(snapshot).length, image === top ? 2 : 1)
  }
  const again = what.map(({ image, names }) => ({ image: others.get(image.id), names }))
  assert.deepEqual(await collectBytes(saveArchive(there.store, again)), archive)
  assert.deepEqual(there.store.check({ content: true }), [])
})

test('an image that stands on a loaded one keeps the layers as they came', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const { tar } = dockerArchive({ layers: [gzipSync(makeTar([['f', 'x']]))] })
  const [base] = await loadArchive(store, images, streamOf(tar))
  const top = await makeImage(store, images, { files: { b: '1' }, parent: base!.image.snapshot, tags: ['top'] })
  const [first] = images.manifest(top).layers
  assert.equal(first!.mediaType, mediaTypes.layerGzip)
  images.remove(base!.image)
  store.collect()
  const saved = await collectBytes(saveArchive(store, [{ image: top, names: top.names }]))
  using other = temporaryStore()
  await loadArchive(other.store, openImages(other.store), streamOf(saved))
})

test('archives are read through gzip and zstd', { skip }, async () => {
  for (const compress of [gzipSync, zstdCompressSync]) {
    using place = temporaryStore()
    const { tar } = dockerArchive({ tags: ['x:1'] })
    const [loaded] = await loadArchive(place.store, openImages(place.store), streamOf(compress(tar)))
    assert.deepEqual(loaded!.names, ['docker.io/library/x:1'])
  }
})

test('a docker archive of an old version, with links between layers', { skip }, async () => {
  using place = temporaryStore()
  const layer = makeTar([['f', 'x']])
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha(layer)}`] },
  })
  const tar = makeTar([
    ['./aaaa/VERSION', '1.0'],
    ['./aaaa/json', '{}'],
    ['./aaaa/layer.tar', layer],
    ['./bbbb/layer.tar', '->../aaaa/layer.tar'],
    [`./${sha(config)}.json`, config],
    [
      './manifest.json',
      JSON.stringify([{ Config: `${sha(config)}.json`, RepoTags: null, Layers: ['bbbb/layer.tar'] }]),
    ],
  ])
  const images = openImages(place.store)
  const [loaded] = await loadArchive(place.store, images, streamOf(tar))
  assert.equal(loaded!.image.id, `sha256:${sha(config)}`)
  assert.equal(images.manifest(loaded!.image).layers[0]!.digest, `sha256:${sha(layer)}`)
})

test('an OCI layout with one image for each of several platforms, in an archive and as a directory', {
  skip,
}, async () => {
  const layout = ociLayout(['amd64', 'arm64', 'riscv64'])
  for (const architecture of ['arm64', 'riscv64']) {
    using place = temporaryStore()
    const platform = { os: 'linux', architecture }
    const loaded = await loadArchive(place.store, openImages(place.store), streamOf(makeTar(layout)), { platform })
    assert.deepEqual(
      loaded.map(({ image, names }) => [image.architecture, ...names]),
      [[architecture, 'docker.io/library/multi:1']],
    )
  }
  using place = temporaryStore()
  const images = openImages(place.store)
  await assert.rejects(
    loadArchive(place.store, images, streamOf(makeTar(layout)), { platform: { os: 'linux', architecture: 's390x' } }),
    { code: 'not_found', message: /no image for linux\/s390x/ },
  )
  const dir = mkdtempSync('/var/tmp/strake-test-')
  try {
    mkdirSync(join(dir, 'blobs/sha256'), { recursive: true })
    for (const [path, content] of layout) writeFileSync(join(dir, path), content)
    const [loaded] = await loadArchive(place.store, images, dir, { platform: { os: 'linux', architecture: 'amd64' } })
    assert.equal(loaded!.image.architecture, 'amd64')
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a layer that is here already is not unpacked again, but its blob is still checked', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const layer = makeTar([['f', 'x']])
  await loadArchive(store, images, streamOf(dockerArchive({ layers: [layer] }).tar))
  const count = [...store.snapshots.walk()].length
  await loadArchive(store, images, streamOf(dockerArchive({ layers: [gzipSync(layer)], author: 'other' }).tar))
  assert.equal([...store.snapshots.walk()].length, count)
  const lie = gzipSync(makeTar([['f', 'y']]))
  const diffIds = [`sha256:${sha(layer)}`]
  await assert.rejects(
    loadArchive(store, images, streamOf(dockerArchive({ layers: [lie], diffIds, author: 'third' }).tar)),
    {
      code: 'corrupt',
    },
  )
})

const zeros = '0'.repeat(64)
const hostile: [string, () => Uint8Array, RegExp][] = [
  ['nothing', () => makeTar([]), /neither index.json nor manifest.json/],
  ['some tar', () => makeTar([['etc/passwd', 'root']]), /neither index.json nor manifest.json/],
  ['no JSON', () => makeTar([['manifest.json', '{']]), /is not JSON/],
  ['no list', () => makeTar([['manifest.json', '{}']]), /is not a list/],
  ['no images', () => makeTar([['manifest.json', '[]']]), /holds no images/],
  ['null', () => makeTar([['manifest.json', '[null]']]), /does not hold images/],
  ['paths of numbers', () => makeTar([['manifest.json', '[{"Config":5,"Layers":[]}]']]), /no path/],
  [
    'paths outside',
    () => makeTar([['manifest.json', '[{"Config":"../../etc/passwd","Layers":[]}]']]),
    /is missing in the archive/,
  ],
  [
    'a link outside',
    () =>
      makeTar([
        ['c.json', '->/etc/passwd'],
        ['manifest.json', '[{"Config":"c.json","Layers":[]}]'],
      ]),
    /missing/,
  ],
  [
    'links in a ring',
    () =>
      makeTar([
        ['a.json', '->b.json'],
        ['b.json', '->a.json'],
        ['manifest.json', '[{"Config":"a.json"}]'],
      ]),
    /missing/,
  ],
  ['a blob that is another', () => makeTar([[`blobs/sha256/${zeros}`, 'x']]), /expected/],
  [
    'a config with another name',
    () =>
      makeTar([
        [`${zeros}.json`, '{}'],
        ['manifest.json', `[{"Config":"${zeros}.json","Layers":[]}]`],
      ]),
    /does not have the content/,
  ],
  ['a missing layer', () => dockerArchive({ omitLayers: true }).tar, /"layer0\.tar" is missing/],
  ['another hash', () => dockerArchive({ diffIds: [`sha256:${zeros}`] }).tar, /has the hash sha256:/],
  ['too few hashes', () => dockerArchive({ diffIds: [] }).tar, /of 0 layers, but the archive has 1/],
  ['a hash like a path', () => dockerArchive({ diffIds: ['sha256:../../x'] }).tar, /invalid layer hashes/],
  ['a bad name', () => dockerArchive({ tags: ['UPPER case'] }).tar, /invalid reference/],
  [
    'a huge document',
    () => makeTar([['manifest.json', Buffer.alloc(9_000_000, ' ')]]),
    /manifest.json has 9000000 bytes/,
  ],
  [
    'a digest like a path',
    () => index([{ mediaType: mediaTypes.manifest, digest: 'sha256:../../x', size: 1 }]),
    /invalid digest/,
  ],
  [
    'a missing manifest',
    () => index([{ mediaType: mediaTypes.manifest, digest: `sha256:${zeros}`, size: 1 }]),
    /is missing/,
  ],
  [
    'an unknown type',
    () => index([{ mediaType: 'text/plain', digest: `sha256:${zeros}`, size: 1 }]),
    /unknown media type/,
  ],
  ['no descriptor', () => index([{ digest: 5 }]), /invalid descriptor/],
  ['an index of itself', () => selfIndex(), /./],
  ['a cut end', () => dockerArchive({}).tar.subarray(0, 2000), /cut off/],
]

test('hostile archives are refused, and nothing of them stays', { skip }, async () => {
  using place = temporaryStore()
  const images = openImages(place.store)
  for (const [what, make, message] of hostile) {
    await assert.rejects(loadArchive(place.store, images, streamOf(make())), (error: Error) => {
      assert.equal(error.name, 'StrakeError', `${what}: ${error.stack}`)
      assert.match(error.message, message, what)
      return true
    })
  }
  assert.deepEqual(images.list(), [])
  place.store.collect()
  assert.deepEqual(everything(place.store), [])
  assert.deepEqual(place.store.check({ content: true }), [])
})

test('one bad image keeps the good ones of its archive out', { skip }, async () => {
  using place = temporaryStore()
  const images = openImages(place.store)
  const good = dockerArchive({ tags: ['good'], prefix: 'a' })
  const bad = dockerArchive({ tags: ['bad'], prefix: 'b', diffIds: [`sha256:${zeros}`] })
  const members = [...good.members, ...bad.members]
  const tar = makeTar([...members, ['manifest.json', JSON.stringify([good.item, bad.item])]])
  await assert.rejects(loadArchive(place.store, images, streamOf(tar)), { code: 'corrupt' })
  assert.deepEqual(images.list(), [])
})

function everything(store: Store): unknown[] {
  return [...store.content.walk(), ...store.snapshots.walk()]
}

type Members = [path: string, content: string | Uint8Array][]

function dockerArchive(of: {
  layers?: readonly Uint8Array[]
  diffIds?: readonly string[]
  tags?: readonly string[]
  author?: string
  omitLayers?: boolean
  prefix?: string
}) {
  const { layers = [makeTar([['f', of.prefix ?? 'x']])], tags = [], prefix = '' } = of
  const plain = layers.map((layer) => (layer[0] === 0x1f ? makeTar([['f', 'x']]) : layer))
  const diffIds = of.diffIds ?? plain.map((layer) => `sha256:${sha(layer)}`)
  const rootfs = { type: 'layers', diff_ids: diffIds }
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', author: of.author, rootfs })
  const paths = layers.map((_, i) => `${prefix}layer${i}.tar`)
  const item = { Config: `${prefix}config.json`, RepoTags: tags, Layers: paths }
  const members: Members = [[`${prefix}config.json`, config]]
  if (!of.omitLayers) members.push(...layers.map((layer, i): Members[0] => [paths[i]!, layer]))
  return { members, item, tar: makeTar([...members, ['manifest.json', JSON.stringify([item])]]) }
}

function index(manifests: readonly object[]): Uint8Array {
  return makeTar([['index.json', JSON.stringify({ schemaVersion: 2, manifests })]])
}

/** Index upon index, deeper than any real one. */
function selfIndex(): Uint8Array {
  const members: Members = []
  let descriptor = { mediaType: mediaTypes.index, digest: `sha256:${zeros}`, size: 2 } as object
  for (let i = 0; i < 20; i++) {
    const text = JSON.stringify({ schemaVersion: 2, manifests: [descriptor] })
    members.push([`blobs/sha256/${sha(text)}`, text])
    descriptor = { mediaType: mediaTypes.index, digest: `sha256:${sha(text)}`, size: text.length }
  }
  return makeTar([...members, ['index.json', JSON.stringify({ manifests: [descriptor] })]])
}

/** An index in index.json that names an index with an image for each architecture and an attestation. */
function ociLayout(architectures: readonly string[]): Members {
  const members: Members = []
  const add = (content: string | Uint8Array, mediaType: string) => {
    members.push([`blobs/sha256/${sha(content)}`, content])
    return { mediaType, digest: `sha256:${sha(content)}`, size: Buffer.byteLength(content) }
  }
  const manifests: object[] = architectures.map((architecture) => {
    const layer = makeTar([['arch', architecture]])
    const rootfs = { type: 'layers', diff_ids: [`sha256:${sha(layer)}`] }
    const config = add(JSON.stringify({ architecture, os: 'linux', rootfs }), mediaTypes.config)
    const layers = [add(zstdCompressSync(layer), mediaTypes.layerZstd)]
    const manifest = add(JSON.stringify({ schemaVersion: 2, config, layers }), mediaTypes.manifest)
    return { ...manifest, platform: { os: 'linux', architecture } }
  })
  const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' }
  manifests.push({
    ...add('{}', mediaTypes.manifest),
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: attestation,
  })
  const nested = add(JSON.stringify({ schemaVersion: 2, manifests }), mediaTypes.index)
  const annotations = { 'org.opencontainers.image.ref.name': 'multi:1' }
  const top = { schemaVersion: 2, manifests: [{ ...nested, annotations }] }
  return [...members, ['oci-layout', '{"imageLayoutVersion":"1.0.0"}'], ['index.json', JSON.stringify(top)]]
}
