import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openImages, readIndex } from '../../images/mod.ts'
import { makeImage } from '../../images/testing.ts'
import { hostPlatform, type Manifest, mediaTypes } from '../../oci/mod.ts'
import { temporaryStore } from '../../store/testing.ts'
import { asRoot } from '../test-builds.ts'
import { assemble } from './assemble.ts'

test('what is attached stands after the images, and sees them as they leave', asRoot, async () => {
  using place = temporaryStore()
  const { store } = place
  using lease = store.lease('test')
  const image = await makeImage(store, openImages(store), { files: { a: 'one' } })
  const finished = { config: image.id, manifest: image.manifest, snapshot: image.snapshot, blobs: [] }
  const images = [{ ...finished, platform: hostPlatform }]
  const building = { store, lease, signal: undefined }
  const single = await assemble(building, { images }, {})
  assert.equal(single.mediaType, mediaTypes.manifest)
  const manifest = await assemble(
    building,
    {
      images,
      async attach(packed) {
        assert.equal(packed.manifest.digest, single.digest)
        assert.ok(packed.layers.every((layer) => store.content.info(layer.digest)))
        const { digest, size } = store.content.put('{}', lease)
        const platform = { architecture: 'unknown', os: 'unknown' }
        return [{ mediaType: mediaTypes.manifest, digest, size, platform }]
      },
    },
    {},
  )
  const { manifests } = readIndex(store, manifest.digest)
  assert.deepEqual(manifests[0], { ...single, platform: hostPlatform })
  assert.equal(manifests[1]!.platform!.os, 'unknown')
  const { layers } = JSON.parse(store.content.read(single.digest).toString()) as Manifest
  assert.equal(layers[0]!.mediaType, mediaTypes.layerGzip)
})
