import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { openImages } from '../images/mod.ts'
import { makeImage, makeTar } from '../images/testing.ts'
import { dismissWorkers } from '../layers/mod.ts'
import { mediaTypes } from '../oci/mod.ts'
import { openStore } from '../store/mod.ts'
import { pullImage } from './pull.ts'
import { pushImage } from './push.ts'
import { digestOf, FaultyRegistry, withoutDockerHub } from './testing.ts'

after(dismissWorkers)

const skip = process.getuid?.() !== 0 && 'needs root'
const mebibyte = 1024 * 1024
const tar = makeTar([['zeros', Buffer.alloc(256 * mebibyte)]])

/** A folder on a file system of its own. */
function mounted(size: number): Disposable & { readonly folder: string; readonly used: () => number } {
  const folder = mkdtempSync('/var/tmp/strake-bomb-')
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  return {
    folder,
    used() {
      const { blocks, bfree, bsize } = statfsSync(folder)
      return (blocks - bfree) * bsize
    },
    [Symbol.dispose]() {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}

for (const [kind, blob, mediaType] of [
  ['gzip', gzipSync(tar), mediaTypes.layerGzip],
  ['zstd', zstdCompressSync(tar), mediaTypes.layerZstd],
] as const) {
  test(`a small ${kind} blob that becomes more than the disk holds is refused, and leaves nothing`, {
    skip,
  }, async () => {
    assert.ok(blob.length < mebibyte)
    await using registry = await new FaultyRegistry().listen()
    const layers = [registry.add(blob, mediaType)]
    const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }
    const manifest = { mediaType: mediaTypes.manifest, config: registry.add(JSON.stringify(config), mediaTypes.config) }
    registry.addManifest('app', '1', { ...manifest, ...{ schemaVersion: 2, layers } })
    using disk = mounted(48 * mebibyte)
    using store = openStore(join(disk.folder, 'store'))
    const images = openImages(store)
    const env = withoutDockerHub(join(disk.folder, 'docker'))
    const before = disk.used()
    await assert.rejects(pullImage(store, images, { reference: `${registry.host}/app:1`, env, retryDelay: 1 }), {
      code: 'unavailable',
      message: "can't unpack zeros: the disk is full",
    })
    assert.deepEqual(images.list(), [])
    assert.deepEqual([...store.snapshots.walk()], [])
    assert.deepEqual(store.check({ content: true }), [])
    store.collect()
    assert.ok(disk.used() < before + 4 * mebibyte, `${before} ${disk.used()}`)
  })
}

test('a push that finds no room for the packed layer says so, and leaves the image as it was', { skip }, async () => {
  await using registry = await new FaultyRegistry().listen()
  using disk = mounted(48 * mebibyte)
  using store = openStore(join(disk.folder, 'store'))
  const images = openImages(store)
  const env = withoutDockerHub(join(disk.folder, 'docker'))
  const reference = `${registry.host}/app:1`
  const files = { noise: randomBytes(14 * mebibyte).toString('base64') }
  const image = await makeImage(store, images, { files, tags: [reference] })
  const before = disk.used()
  writeFileSync(join(disk.folder, 'filler'), Buffer.alloc(48 * mebibyte - before - 2 * mebibyte))
  await assert.rejects(pushImage(store, images, { reference, env, retryDelay: 1 }), {
    code: 'unavailable',
    message: `no space is left for the store ${store.root}`,
  })
  assert.equal(registry.manifests.size, 0)
  rmSync(join(disk.folder, 'filler'))
  assert.ok(disk.used() < before + mebibyte)
  assert.deepEqual(store.check({ content: true }), [])
  await pushImage(store, images, { reference, env, retryDelay: 1 })
  assert.equal(images.get(image.id).id, image.id)
  assert.ok(registry.manifests.has('app/1'))
})
