import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { noRegistry, startRegistry } from '../../../tests/support/docker-registry.ts'
import { type Image, loadArchive, openImages, saveArchive } from '../../images/mod.ts'
import type { ProgressEvent } from '../../lib/mod.ts'
import { pullImage } from '../../registry/mod.ts'
import { FaultyRegistry } from '../../registry/testing.ts'
import { openStore, removeTree } from '../../store/mod.ts'
import { build } from '../build.ts'
import { asRoot } from '../test-builds.ts'
import { type Context, Workshop } from '../testing.ts'
import type { BuildOptions } from '../types.ts'
import type { CacheForm } from './types.ts'

const registry = { skip: noRegistry }

const dockerfile = `FROM busybox AS builder
WORKDIR /src
COPY src .
RUN cat main.c > /out; echo built
FROM busybox
RUN echo own > /own
COPY --from=builder /out /out
COPY conf /conf
ENV A=b
RUN cat /out /conf > /both
CMD ["cat", "/both"]
`
const files = { Dockerfile: dockerfile, 'src/main.c': 'int main;\n', 'src/util.c': 'util\n', conf: 'conf\n' }

describe('cache export and import', asRoot, () => {
  let workshop: Workshop
  before(async () => {
    workshop = await Workshop.open()
  })
  after(() => workshop?.[Symbol.dispose]())

  let others = 0
  /** Another store, which has the same base and nothing else. */
  async function otherMachine() {
    const root = join(workshop.home, `other-${++others}`)
    const store = openStore(root)
    const images = openImages(store)
    const archive = join(workshop.home, 'base.tar')
    const base = workshop.images.get('busybox') as Image
    await writeFile(archive, saveArchive(workshop.store, [{ image: base, names: base.names }]))
    await loadArchive(store, images, archive)
    return {
      store,
      images,
      async build(context: Context, more: Partial<BuildOptions> = {}) {
        const states = new Map<string, ProgressEvent & { kind: 'vertex' }>()
        const warnings: string[] = []
        const fetched: string[] = []
        const result = await build(store, images, {
          context: { kind: 'directory', path: context.path },
          network: 'none',
          ca: 'none',
          progress(event) {
            if (event.kind === 'vertex') states.set(event.step?.text ?? event.name, event)
            if (event.kind === 'status' && event.vertex.startsWith('import') && event.done) fetched.push(event.label)
            if (event.kind === 'notice' && event.level === 'warning') warnings.push(event.message)
          },
          ...more,
        })
        const done = [...states].flatMap(([text, { state }]) =>
          state === 'done' && /^(?:RUN|COPY|ADD|WORKDIR)\b/.test(text) ? [text] : [],
        )
        return { ...result, done, states, warnings, fetched }
      },
      [Symbol.dispose]() {
        store[Symbol.dispose]()
        removeTree(root)
      },
    }
  }

  it('local, max: another store builds without a step, and knows them from then on', async () => {
    const dest = join(workshop.home, 'local-max')
    const context = workshop.context(files)
    const first = await workshop.build(context, { cacheTo: [{ kind: 'local', dest, mode: 'max' }] })
    using other = await otherMachine()
    const copy = workshop.context(files)
    utimesSync(copy.at('src/main.c'), 1, 1)
    const cacheFrom = [{ kind: 'local', src: dest }] as const
    const second = await other.build(copy, { cacheFrom, requireCache: true })
    assert.deepEqual(second.done, [])
    assert.deepEqual(second.warnings, [])
    assert.equal(second.id, first.id)
    assert.equal(second.cached, second.steps - 2)
    assert.match(second.states.get('RUN cat /out /conf > /both')!.from!, /local-max/)
    // Without the import, all that came is known: the layers below, too.
    copy.write('conf', 'changed\n')
    const third = await other.build(copy)
    assert.deepEqual(third.done, ['COPY conf /conf', 'RUN cat /out /conf > /both'])
  })

  it('registry: lazy, and a change misses only what depends on it', registry, async () => {
    await using server = await startRegistry(join(workshop.home, 'registry'))
    const ref = `${server.host}/user/app:cache`
    const context = workshop.context(files)
    const first = await workshop.build(context, { cacheTo: [{ kind: 'registry', ref, mode: 'max' }] })
    const cacheFrom = [{ kind: 'registry', ref }] as const
    {
      using other = await otherMachine()
      const second = await other.build(context, { cacheFrom, requireCache: true })
      assert.equal(second.id, first.id)
      // The base is here, and the builder's layers are not asked for: four of the image's own.
      assert.equal(second.fetched.length, 4)
    }
    using other = await otherMachine()
    const changed = workshop.context({ ...files, conf: 'other\n' })
    assert.deepEqual((await other.build(changed, { cacheFrom })).done, [
      'COPY conf /conf',
      'RUN cat /out /conf > /both',
    ])
    const source = workshop.context({ ...files, 'src/util.c': 'other\n' })
    // The program is the same: what the last stage copies of it has the same content.
    assert.deepEqual((await other.build(source, { cacheFrom })).done, [
      'COPY src .',
      'RUN cat main.c > /out; echo built',
    ])
  })

  it('registry, index, docker types, zstd: read all the same', registry, async () => {
    await using server = await startRegistry(join(workshop.home, 'registry-2'))
    const context = workshop.context(files)
    const forms: CacheForm[] = [
      { manifest: 'index' },
      { mediaTypes: 'docker' },
      { compression: 'zstd', force: true },
      { compression: 'none', force: true },
    ]
    for (const [i, form] of forms.entries()) {
      const ref = `${server.host}/app:cache-${i}`
      const first = await workshop.build(context, { cacheTo: [{ kind: 'registry', ref, ...form }] })
      using other = await otherMachine()
      const second = await other.build(context, { cacheFrom: [{ kind: 'registry', ref }], requireCache: true })
      assert.equal(second.id, first.id)
    }
  })

  it('min has the steps of the image and no others', async () => {
    const dest = join(workshop.home, 'local-min')
    const context = workshop.context(files)
    await workshop.build(context, { cacheTo: [{ kind: 'local', dest }] })
    const cacheFrom = [{ kind: 'local', src: dest }] as const
    using other = await otherMachine()
    await other.build(context, { cacheFrom, requireCache: true })
    using third = await otherMachine()
    const changed = workshop.context({ ...files, 'src/util.c': 'other\n' })
    const { done } = await third.build(changed, { cacheFrom })
    assert.deepEqual(done, ['WORKDIR /src', 'COPY src .', 'RUN cat main.c > /out; echo built'])
  })

  it('inline: the image brings its own cache', registry, async () => {
    await using server = await startRegistry(join(workshop.home, 'registry-3'))
    const ref = `${server.host}/app:1`
    const context = workshop.context(files)
    const outputs = [{ kind: 'image', push: 'tags' }] as const
    const first = await workshop.build(context, { tags: [ref], outputs, cacheTo: [{ kind: 'inline' }] })
    const cacheFrom = [{ kind: 'registry', ref }] as const
    using other = await otherMachine()
    const second = await other.build(context, { cacheFrom, cacheTo: [{ kind: 'inline' }], requireCache: true })
    assert.equal(second.id, first.id)
    using third = await otherMachine()
    const buildArgs = { BUILDKIT_INLINE_CACHE: '1' }
    assert.equal((await third.build(context, { cacheFrom, buildArgs })).id, first.id)
    // An image that was pulled is as good as its registry.
    using fourth = await otherMachine()
    await pullImage(fourth.store, fourth.images, { reference: ref })
    await server[Symbol.asyncDispose]()
    const { done, warnings } = await fourth.build(context, { cacheFrom })
    assert.deepEqual([done, warnings], [[], []])
  })

  it('what is missing or broken is a warning', async () => {
    const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN echo warned\n' })
    using other = await otherMachine()
    const cacheFrom = [{ kind: 'local', src: join(workshop.home, 'nowhere') }] as const
    const { done, warnings } = await other.build(context, { cacheFrom })
    assert.deepEqual(done, ['RUN echo warned'])
    assert.match(warnings.join(), /^importing cache manifest from local:.*nowhere: /)
    // What is here is not looked for there.
    assert.deepEqual((await other.build(context, { cacheFrom })).warnings, [])
  })

  it('a layer that is not what it should be is a miss', async () => {
    const context = workshop.context(files)
    for (const [name, damage] of [
      ['gone', (path: string) => rmSync(path)],
      ['other', (path: string) => writeFileSync(path, gzipSync('no tar'))],
      ['short', (path: string) => truncateSync(path, 10)],
    ] as const) {
      const dest = join(workshop.home, `damaged-${name}`)
      await workshop.build(context, { cacheTo: [{ kind: 'local', dest, mode: 'max' }] })
      const blobs = join(dest, 'blobs/sha256')
      for (const blob of readdirSync(blobs))
        if (readFileSync(join(blobs, blob), 'latin1')[0] !== '{') damage(join(blobs, blob))
      using other = await otherMachine()
      const { done, warnings } = await other.build(context, { cacheFrom: [{ kind: 'local', src: dest }] })
      assert.equal(done.length, 7, name)
      assert.match(warnings.join(), /importing a layer from local:/)
      assert.deepEqual(other.store.check(), [])
    }
  })

  it('an export that fails fails the build, unless it may', async () => {
    const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN echo exported\n' })
    await using server = await new FaultyRegistry().listen()
    server.fault = (request, response) => request.method !== 'GET' && server.refuse(response, 'DENIED')
    const target = { kind: 'registry', ref: `${server.host}/app:cache` } as const
    await assert.rejects(workshop.build(context, { cacheTo: [target] }), { code: 'denied' })
    await workshop.build(context, { cacheTo: [{ ...target, ignoreError: true }] })
    writeFileSync(join(workshop.home, 'file'), '')
    const dest = join(workshop.home, 'file', 'cache')
    await assert.rejects(workshop.build(context, { cacheTo: [{ kind: 'local', dest }] }), { code: 'failed' })
  })

  it('a build that fails exports what it finished, and takes nothing away', async () => {
    const dest = join(workshop.home, 'failed')
    const cacheTo = [{ kind: 'local', dest, mode: 'max' }] as const
    const context = workshop.context(files)
    await workshop.build(context, { cacheTo })
    const broken = workshop.context({
      ...files,
      Dockerfile: dockerfile.replace('echo own', 'echo other').replace('cat /out /conf', 'false'),
    })
    await assert.rejects(workshop.build(broken, { cacheTo }), /exit code: 1/)
    const cacheFrom = [{ kind: 'local', src: dest }] as const
    using other = await otherMachine()
    await other.build(context, { cacheFrom, requireCache: true })
    using third = await otherMachine()
    await assert.rejects(third.build(broken, { cacheFrom, requireCache: ['RUN echo other', 'COPY conf', 'builder'] }), {
      message: /did not complete/,
    })
  })

  it('an export hands on what the build did not need to fetch', async () => {
    const [src, dest] = [join(workshop.home, 'handed'), join(workshop.home, 'on')]
    const context = workshop.context(files)
    await workshop.build(context, { cacheTo: [{ kind: 'local', dest: src, mode: 'max' }] })
    using other = await otherMachine()
    const cacheTo = [{ kind: 'local', dest, mode: 'max' }] as const
    await other.build(context, { cacheFrom: [{ kind: 'local', src }], cacheTo, requireCache: true })
    using third = await otherMachine()
    const target = 'builder'
    await third.build(context, { cacheFrom: [{ kind: 'local', src: dest }], target, requireCache: true })
  })

  it('links, mounts and several targets', async () => {
    const dest = join(workshop.home, 'more')
    const context = workshop.context({
      Dockerfile: `FROM busybox AS tools
RUN echo tool > /tool
FROM busybox AS one
COPY --link a /a
RUN --mount=type=bind,source=b,target=/b --mount=from=tools,source=/tool,target=/t cat /b /t > /c
FROM one AS two
ADD a /again
`,
      a: 'a\n',
      b: 'b\n',
    })
    const target = ['one', 'two']
    const first = await workshop.build(context, { target, cacheTo: [{ kind: 'local', dest, mode: 'max' }] })
    using other = await otherMachine()
    const cacheFrom = [{ kind: 'local', src: dest }] as const
    const second = await other.build(context, { target, cacheFrom, requireCache: true })
    assert.deepEqual(second.images, first.images)
  })
})
