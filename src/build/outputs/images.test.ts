import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { loadArchive, openImages } from '../../images/mod.ts'
import {
  type Descriptor,
  formatPlatform,
  hex,
  hostPlatform,
  type Index,
  type Manifest,
  mediaTypes,
} from '../../oci/mod.ts'
import { FaultyRegistry } from '../../registry/testing.ts'
import { openStore } from '../../store/mod.ts'
import { asRoot } from '../test-builds.ts'
import { type Context, Workshop } from '../testing.ts'
import type { BuildOutput } from './types.ts'

describe('outputs of images', asRoot, () => {
  let workshop: Workshop
  let context: Context
  before(async () => {
    workshop = await Workshop.open()
    context = workshop.context({ Dockerfile: 'FROM busybox\nCOPY file /\nLABEL a=b\n', file: 'content\n' })
  })
  after(() => workshop[Symbol.dispose]())

  let folders = 0
  /** Builds an archive or a layout, and reads what is in it. */
  async function layout(
    form: Omit<BuildOutput & { kind: 'oci' }, 'kind' | 'dest'> & { kind?: 'oci' | 'docker' },
    tags: readonly string[] = [],
  ) {
    const folder = join(workshop.home, `layout-${++folders}`)
    const dest = form.folder ? folder : `${folder}.tar`
    const result = await workshop.build(context, { tags, outputs: [{ kind: 'oci', dest, ...form }] })
    if (!form.folder) {
      mkdirSync(folder)
      execFileSync('tar', ['-xf', dest, '-C', folder])
    }
    const blob = ({ digest }: Descriptor) => readFileSync(join(folder, 'blobs/sha256', hex(digest)))
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Index
    const manifest = JSON.parse(blob(index.manifests[0]!).toString()) as Manifest
    const magic = manifest.layers.map((layer) => blob(layer).toString('hex', 0, 4))
    return { result, dest, index, manifest, magic, types: manifest.layers.map(({ mediaType }) => mediaType) }
  }

  it('an OCI archive is gzip, has names, and is not kept here', async () => {
    const annotations = [
      { place: 'manifest', key: 'k', value: 'all' },
      { place: 'manifest', platform: formatPlatform(hostPlatform), key: 'k', value: 'v' },
      { place: 'manifest', platform: 'linux/other', key: 'k', value: 'no' },
      { place: 'manifest-descriptor', key: 'l', value: 'w' },
    ] as const
    const { result, dest, index, manifest, magic, types } = await layout({ annotations }, ['app:1'])
    const [named] = index.manifests
    assert.equal(named!.annotations!.l, 'w')
    assert.equal(named!.annotations!['io.containerd.image.name'], 'docker.io/library/app:1')
    assert.deepEqual(result.exported[0]!.manifest.annotations, { l: 'w' })
    const folder = await layout({ annotations, folder: true }, ['app:1'])
    assert.deepEqual(folder.index.manifests[0]!.annotations, { l: 'w', 'org.opencontainers.image.ref.name': '1' })
    await assert.rejects(layout({ annotations: [{ place: 'index-descriptor', key: 'k', value: 'v' }] }), {
      message: 'index annotations not supported for single platform export',
    })
    assert.equal(result.kept, false)
    assert.equal(workshop.images.find('app:1'), undefined)
    assert.deepEqual(result.exported[0]?.names, ['docker.io/library/app:1'])
    assert.equal(result.exported[0]?.manifest.digest, index.manifests[0]?.digest)
    assert.equal(manifest.config.digest, result.id)
    assert.deepEqual(manifest.annotations, { k: 'v' })
    assert.ok(magic.every((bytes) => bytes.startsWith('1f8b')))
    assert.deepEqual([...new Set(types)], [mediaTypes.layerGzip])
    using other = openStore(join(workshop.home, 'other'))
    const images = openImages(other)
    await loadArchive(other, images, dest)
    assert.equal(images.get('app:1').id, result.id)
  })

  it('zstd, uncompressed, layouts, docker types', async () => {
    const zstd = await layout({ compression: 'zstd', level: 5, force: true })
    assert.deepEqual([...new Set(zstd.magic)], ['28b52ffd'])
    assert.deepEqual([...new Set(zstd.types)], [mediaTypes.layerZstd])
    const plain = await layout({ compression: 'none', folder: true }, ['app:2'])
    assert.deepEqual([...new Set(plain.types)], [mediaTypes.layer])
    assert.equal(plain.index.manifests[0]?.annotations?.['org.opencontainers.image.ref.name'], '2')
    const docker = await layout({ kind: 'docker', compression: 'gzip', force: true })
    assert.equal(docker.manifest.mediaType, mediaTypes.dockerManifest)
    assert.equal(docker.manifest.config.mediaType, mediaTypes.dockerConfig)
    assert.deepEqual([...new Set(docker.types)], [mediaTypes.dockerLayerGzip])
    // Also where the layers are here as zstd.
    assert.ok((await layout({ kind: 'docker' })).types.every((type) => type === mediaTypes.dockerLayerGzip))
    await assert.rejects(layout({ mediaTypes: 'docker', compression: 'zstd', force: true }), /no media type/)
  })

  it('one archive or layout holds the images of several targets', async () => {
    const several = workshop.context({ Dockerfile: 'FROM busybox AS a\nLABEL a=a\nFROM busybox AS b\nLABEL b=b\n' })
    const target = ['a', 'b']
    const at = (name: string) => join(workshop.home, name)
    const build = (tags: readonly string[], name: string, form: object = {}) =>
      workshop.build(several, { target, tags, outputs: [{ kind: 'oci', dest: at(name), ...form }] })
    const { images } = await build(['a=web:1', 'app:1'], 'several.tar', { kind: 'docker', names: ['app:2'] })
    {
      using other = openStore(join(workshop.home, 'other-several'))
      const loaded = openImages(other)
      await loadArchive(other, loaded, at('several.tar'))
      assert.deepEqual(
        ['web:1', 'app:1', 'app:2'].map((name) => loaded.get(name).id),
        [images[0]!.id, images[1]!.id, images[1]!.id],
      )
    }
    // What has no name has that of its target.
    const refs = (text: string) =>
      (JSON.parse(text) as Index).manifests.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'])
    await build(['app:1'], 'unnamed.tar')
    const index = execFileSync('tar', ['-xOf', at('unnamed.tar'), 'index.json'], { encoding: 'utf8' })
    assert.deepEqual(refs(index), ['a', '1'])
    await build(['app:1'], 'several', { folder: true })
    assert.deepEqual(refs(readFileSync(at('several/index.json'), 'utf8')), ['a', '1'])
    await assert.rejects(build(['a=web:1', 'app:1'], 'several', { folder: true }), {
      code: 'invalid',
      message: `targets a and b would both be "1" in ${at('several')}`,
    })
  })

  it('pushes under each name, or by digest alone', async () => {
    await using registry = await new FaultyRegistry().listen()
    const names = [`${registry.host}/a:1`, `${registry.host}/a:2`, `${registry.host}/b:1`]
    const annotations = [{ place: 'manifest', key: 'k', value: 'v' }] as const
    const { exported, kept } = await workshop.build(context, {
      tags: names,
      outputs: [{ kind: 'image', push: 'tags', compression: 'zstd', force: true, annotations }],
    })
    const [image] = exported
    assert.ok(kept && image?.pushed)
    assert.deepEqual(image.names, names)
    for (const key of ['a/1', 'a/2', 'b/1', `b/${image.manifest.digest}`]) {
      const manifest = JSON.parse(registry.manifests.get(key)!.bytes.toString()) as Manifest
      assert.deepEqual(manifest.annotations, { k: 'v' })
      assert.ok(
        manifest.layers.every((layer) => layer.mediaType === mediaTypes.layerZstd && registry.blobs.has(layer.digest)),
      )
    }
    await workshop.build(context, { outputs: [{ kind: 'image', push: 'digest', names: [`${registry.host}/c`] }] })
    const pushed = [...registry.manifests.keys()].filter((key) => key.startsWith('c/'))
    assert.match(pushed.join(), /^c\/sha256:[0-9a-f]{64}$/)
  })

  it('a push that fails says why, and the image stays', async () => {
    await using registry = await new FaultyRegistry().listen()
    registry.fault = (request, response) => request.method !== 'GET' && registry.refuse(response, 'DENIED')
    const tags = [`${registry.host}/app:1`]
    await assert.rejects(workshop.build(context, { tags, outputs: [{ kind: 'image', push: 'tags' }] }), {
      code: 'denied',
    })
    assert.ok(workshop.images.find(tags[0]!))
  })

  it('rewrites timestamps where an epoch is given', async () => {
    const buildArgs = { SOURCE_DATE_EPOCH: '1000000000' }
    const outputs = [{ kind: 'image', rewriteTimestamp: true }] as const
    const first = await workshop.build(context, { buildArgs, outputs })
    const second = await workshop.build(context, { buildArgs, reproducible: true })
    assert.equal(first.id, second.id)
  })
})
