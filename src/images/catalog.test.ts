import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrakeError } from '../lib/mod.ts'
import { digestOf, familiarString, hex, parseReference } from '../oci/mod.ts'
import { openStore } from '../store/mod.ts'
import { temporaryStore } from '../store/testing.ts'
import { openImages } from './catalog.ts'
import { canonicalJson } from './json.ts'
import { makeImage } from './testing.ts'

const skip = process.getuid?.() !== 0 && 'layers are written as root'

test('an image is found by name, by id, by the start of its id and by its digest', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const image = await makeImage(store, images, { files: { a: 'one' }, tags: ['app:1', 'localhost:5000/app'] })
  assert.deepEqual(image.names, ['docker.io/library/app:1', 'localhost:5000/app:latest'])
  for (const text of ['app:1', 'docker.io/library/app:1', 'localhost:5000/app', image.id, hex(image.id)]) {
    assert.equal(images.get(text).id, image.id, text)
  }
  for (const length of [1, 12, 63]) {
    assert.equal(images.get(hex(image.id).slice(0, length)).id, image.id)
    assert.equal(images.get(`sha256:${hex(image.id).slice(0, length)}`).id, image.id)
  }
  assert.equal(images.get(`app@${image.id}`).id, image.id)
  assert.equal(images.find('app'), undefined)
  assert.equal(images.find(`other@${image.id}`), undefined)
})

test('what is not there is said in docker’s words, with what there is', { skip }, async () => {
  using place = temporaryStore()
  const images = openImages(place.store)
  await makeImage(place.store, images, { files: { a: 'one' }, tags: ['server:1.0', 'debian:bookworm'] })
  const fails = (name: string, message: string, hint?: string) =>
    assert.throws(
      () => images.get(name),
      (e) => e instanceof StrakeError && e.code === 'not_found' && e.message === message && e.hint === hint,
    )
  fails('sever:1.0', 'No such image: sever:1.0', 'Did you mean server:1.0?')
  fails('server', 'No such image: server:latest', 'There is server:1.0.')
  fails('Debian', 'No such image: Debian')
  fails('nothing-like-it', 'No such image: nothing-like-it:latest')
  fails('sha256:0000', 'No such image: sha256:0000')
})

test('the start of two ids is refused', { skip }, async () => {
  using place = temporaryStore()
  const images = openImages(place.store)
  const seen = new Set<string>()
  let first: string | undefined
  for (let i = 0; !first; i++) {
    const image = await makeImage(place.store, images, { files: { a: String(i) } })
    const digit = hex(image.id)[0]!
    if (seen.has(digit)) first = digit
    seen.add(digit)
  }
  assert.throws(() => images.get(first), {
    code: 'invalid',
    message: `multiple IDs found with provided prefix: ${first}`,
  })
})

test('a name moves to another image, and the first one is left without', { skip }, async () => {
  using place = temporaryStore()
  const images = openImages(place.store)
  const one = await makeImage(place.store, images, { files: { a: 'one' }, tags: ['app'] })
  const two = await makeImage(place.store, images, { files: { a: 'two' }, tags: ['app'] })
  assert.equal(images.get('app').id, two.id)
  assert.deepEqual(images.get(one.id).names, [])
  images.untag(parseReference('app'))
  assert.equal(images.find('app'), undefined)
  assert.throws(() => images.untag(parseReference('app')), { code: 'not_found' })
  assert.throws(() => images.tag(two, parseReference(`app@${one.id}`)), /digest reference/)
})

test('the same image is the same bytes, whatever the order of keys, and is there once', { skip }, async () => {
  using a = temporaryStore()
  using b = temporaryStore()
  const [one, two] = [openImages(a.store), openImages(b.store)]
  const first = await makeImage(a.store, one, { files: { x: '1' }, config: { User: 'u', Cmd: ['c'] } })
  const second = await makeImage(b.store, two, { files: { x: '1' }, config: { Cmd: ['c'], User: 'u' } })
  assert.equal(first.id, second.id)
  assert.deepEqual(first.manifest, second.manifest)
  await makeImage(a.store, one, { files: { x: '1' }, config: { User: 'u', Cmd: ['c'] } })
  assert.equal(one.list().length, 1)
  const bytes = a.store.content.read(first.id)
  assert.equal(bytes.toString(), canonicalJson(JSON.parse(bytes.toString())))
  assert.equal(digestOf(bytes), first.id)
})

test('sizes and hashes are those of all layers; content stays until the image goes', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const base = await makeImage(store, images, { files: { a: '12345' }, tags: ['base'] })
  const top = await makeImage(store, images, { files: { b: '123' }, parent: base.snapshot, tags: ['top'] })
  assert.equal(top.size, 8)
  assert.equal(images.config(top).rootfs.diff_ids.length, 2)
  assert.deepEqual(
    images.manifest(top).layers.map((layer) => layer.digest as string),
    images.config(top).rootfs.diff_ids as readonly string[],
  )
  images.remove(base)
  store.collect()
  assert.equal(images.config(images.get('top')).rootfs.diff_ids.length, 2)
  images.remove(top)
  store.collect()
  assert.deepEqual([...store.content.walk()], [])
  assert.deepEqual([...store.snapshots.walk()], [])
})

test('a layer’s blob is made from its files and has the hash that the manifest names', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const image = await makeImage(store, images, { files: { a: 'x'.repeat(10_000) } })
  using lease = store.lease('test')
  const descriptor = await images.layerBlob(image.snapshot!, lease)
  assert.deepEqual(descriptor, images.manifest(image).layers[0])
  assert.equal(digestOf(store.content.read(descriptor.digest)), descriptor.digest)
})

test('what one process does, another sees', { skip }, async () => {
  using place = temporaryStore()
  const images = openImages(place.store)
  using other = openStore(place.root)
  const seen = openImages(other)
  const image = await makeImage(place.store, images, { files: { a: 'one' }, tags: ['app'] })
  assert.deepEqual(seen.get('app'), image)
  assert.equal(familiarString(parseReference(seen.list()[0]!.names[0]!)), 'app:latest')
})
