import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readIndex } from '../images/mod.ts'
import type { ProgressEvent } from '../lib/mod.ts'
import { hostPlatform, type Index, isIndexType, type Platform, parsePlatform } from '../oci/mod.ts'
import { FaultyRegistry } from '../registry/testing.ts'
import { asRoot } from './test-builds.ts'
import { type Context, Workshop } from './testing.ts'
import type { BuildOptions } from './types.ts'

const own = hostPlatform.architecture
const other = own === 'arm64' ? 'amd64' : 'arm64'
const platform = [parsePlatform(`linux/${own}`), parsePlatform(`linux/${other}`)]

describe('builds for several platforms', asRoot, () => {
  let workshop: Workshop
  before(async () => {
    workshop = await Workshop.open()
    workshop.indexBase('base', platform)
  })
  after(() => workshop[Symbol.dispose]())

  /** Builds for both; also gives the names and states of all vertices. */
  async function build(context: Context, more: Partial<BuildOptions> = {}) {
    const vertices: [string, string][] = []
    const progress = (event: ProgressEvent) => {
      if (event.kind === 'vertex' && event.state !== 'started') vertices.push([event.name, event.state])
    }
    const steps: { index: number; total: number }[] = []
    const seen = (event: ProgressEvent) => {
      progress(event)
      if (event.kind === 'vertex' && event.state !== 'started' && event.step) steps.push(event.step)
    }
    const built = await workshop.build(context, { platform, progress: seen, ...more })
    const run = vertices.filter(([name, state]) => state === 'done' && /\] (RUN|COPY)/.test(name)).map(([name]) => name)
    return { ...built, vertices, steps, run: run.sort() }
  }

  const crossed = [
    'FROM --platform=$BUILDPLATFORM base AS build',
    'COPY common /common',
    'RUN echo shared >>/log',
    'ARG TARGETARCH',
    'RUN echo $TARGETARCH >/made',
    'FROM base',
    'ARG TARGETPLATFORM',
    'COPY --from=build /made /log /',
    'RUN echo $TARGETPLATFORM >/platform && cat /made',
    'LABEL platform=$TARGETPLATFORM',
  ].join('\n')

  it('does what is the same once, and names the platform of each step', async () => {
    const { store, images } = workshop
    const context = workshop.context({ Dockerfile: crossed, common: 'c' })
    const { run, steps, images: built, id } = await build(context, { tags: ['app'], noCache: true })
    assert.deepEqual(
      run,
      [
        `[linux/${own} build 2/4] COPY common /common`,
        `[linux/${own} build 3/4] RUN echo shared >>/log`,
        `[linux/${own} build 4/4] RUN echo $TARGETARCH >/made`,
        `[linux/${own} stage-1 2/3] COPY --from=build /made /log /`,
        `[linux/${own} stage-1 3/3] RUN echo $TARGETPLATFORM >/platform && cat /made`,
        `[linux/${own}->${other} build 4/4] RUN echo $TARGETARCH >/made`,
        `[linux/${other} stage-1 2/3] COPY --from=build /made /log /`,
        `[linux/${other} stage-1 3/3] RUN echo $TARGETPLATFORM >/platform && cat /made`,
      ].sort(),
    )
    const numbers = steps.map(({ index }) => index).sort((a, b) => a - b)
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => i + 1),
    )
    assert.ok(steps.every(({ total }) => total === steps.length))
    assert.deepEqual(
      built.map((image) => image.platform),
      platform,
    )
    assert.equal(id, images.get('app').id)
    const { members } = images.index('app')!
    for (const [i, { descriptor, image }] of members.entries()) {
      assert.deepEqual(descriptor.platform, platform[i])
      const config = images.config(image!)
      assert.equal(config.architecture, platform[i]!.architecture)
      assert.equal(config.config!.Labels!.platform, `linux/${platform[i]!.architecture}`)
      const file = (name: string) =>
        store.snapshots.stack(image!.snapshot).flatMap((dir) => {
          try {
            return [readFileSync(join(dir, name), 'utf8')]
          } catch {
            return []
          }
        })[0]
      assert.equal(file('made'), `${platform[i]!.architecture}\n`)
      assert.equal(file('log'), 'shared\n')
    }
    assert.deepEqual((await build(context)).run, [])
  })

  it('keeps what each platform made apart in the cache', async () => {
    const dockerfile = [
      'FROM base',
      'RUN echo all >/all',
      'ARG TARGETARCH',
      'COPY bin-$TARGETARCH /bin-own',
      'RUN cat /bin-own >/copied',
    ].join('\n')
    const context = workshop.context({ Dockerfile: dockerfile, [`bin-${own}`]: 'a', [`bin-${other}`]: 'b' })
    const first = await build(context)
    // The bases have the same files: what the step does there is the same, too.
    assert.deepEqual(
      first.vertices
        .filter(([name]) => / RUN echo all/.test(name))
        .map(([, state]) => state)
        .sort(),
      ['cached', 'done'],
    )
    context.write(`bin-${other}`, 'changed')
    const second = await build(context)
    assert.deepEqual(second.run, [
      `[linux/${other} 3/4] COPY bin-$TARGETARCH /bin-own`,
      `[linux/${other} 4/4] RUN cat /bin-own >/copied`,
    ])
    assert.equal(second.images[0]!.id, first.images[0]!.id)
    assert.notEqual(second.images[1]!.id, first.images[1]!.id)
    const alone = await workshop.build(context, { platform: platform[1]! })
    assert.deepEqual(alone.done, [])
    assert.equal(alone.id, second.images[1]!.id)
  })

  it('archives and layouts hold the index, registries get it', async () => {
    await using registry = await new FaultyRegistry().listen()
    const context = workshop.context({ Dockerfile: crossed, common: 'c' })
    const [archive, layout] = [join(workshop.home, 'out.tar'), join(workshop.home, 'layout')]
    const name = `${registry.host}/app:1`
    const pushedWith = [{ place: 'manifest-descriptor', key: 'pushed', value: 'so' }] as const
    const { exported } = await build(context, {
      tags: [name],
      outputs: [
        {
          kind: 'oci',
          dest: archive,
          annotations: [
            { place: 'manifest', platform: `linux/${other}`, key: 'only', value: 'here' },
            { place: 'manifest-descriptor', platform: `linux/${other}`, key: 'named', value: 'there' },
            { place: 'index', key: 'k', value: 'v' },
            { place: 'index-descriptor', key: 'top', value: 'w' },
          ],
        },
        { kind: 'oci', dest: layout, folder: true },
        { kind: 'image', push: 'tags', compression: 'zstd', force: true, annotations: pushedWith },
      ],
    })
    for (const { manifest } of exported) assert.ok(isIndexType(manifest.mediaType))
    mkdirSync(join(workshop.home, 'unpacked'))
    execFileSync('tar', ['-xf', archive, '-C', join(workshop.home, 'unpacked')])
    const read = <T>(folder: string, digest?: string) =>
      JSON.parse(readFileSync(join(folder, digest ? `blobs/sha256/${digest.slice(7)}` : 'index.json'), 'utf8')) as T
    for (const folder of [join(workshop.home, 'unpacked'), layout]) {
      const top = read<Index>(folder)
      const index = read<Index>(folder, top.manifests[0]!.digest)
      assert.deepEqual(
        index.manifests.map((member) => member.platform),
        platform,
      )
      const annotated = folder !== layout
      assert.equal(top.manifests[0]!.annotations?.top, annotated ? 'w' : undefined)
      const named = index.manifests.map((member) => member.annotations)
      assert.deepEqual(named, [undefined, annotated ? { named: 'there' } : undefined])
      assert.deepEqual(index.annotations, annotated ? { k: 'v' } : undefined)
      const manifests = index.manifests.map(({ digest }) => read<Index>(folder, digest).annotations)
      assert.deepEqual(manifests, [undefined, annotated ? { only: 'here' } : undefined])
    }
    const pushed = JSON.parse(registry.manifests.get('app/1')!.bytes.toString()) as Index
    assert.equal(pushed.manifests.length, 2)
    for (const { annotations } of pushed.manifests) assert.deepEqual(annotations, { pushed: 'so' })
    assert.equal(exported[2]!.manifest.digest, workshop.images.index(name)!.manifest.digest)
    assert.ok(registry.manifests.has(`app/${pushed.manifests[1]!.digest}`))
    const dest = join(workshop.home, 'no')
    await assert.rejects(
      build(context, { outputs: [{ kind: 'docker', dest }] }),
      /does not support exporting manifest lists/,
    )
  })

  it('files are in a folder for each platform, or together', async () => {
    const dockerfile = 'FROM scratch\nARG TARGETARCH\nCOPY common dir/\nCOPY common dir/$TARGETARCH\n'
    const context = workshop.context({ Dockerfile: dockerfile, common: 'c' })
    const dest = (name: string) => join(workshop.home, name)
    await build(context, {
      outputs: [
        { kind: 'local', dest: dest('split') },
        { kind: 'tar', dest: dest('split.tar') },
      ],
    })
    assert.deepEqual(readdirSync(dest('split')), [`linux_${own}`, `linux_${other}`].sort())
    assert.deepEqual(readdirSync(join(dest('split'), `linux_${other}`, 'dir')).sort(), [other, 'common'].sort())
    const listed = execFileSync('tar', ['-tf', dest('split.tar')], { encoding: 'utf8' })
    assert.ok(listed.includes(`linux_${own}/dir/${own}\n`) && listed.includes(`linux_${other}/dir/common\n`))
    const together = { kind: 'local', dest: dest('together'), platformSplit: false } as const
    await assert.rejects(build(context, { outputs: [together] }), {
      message: `cannot overwrite dir/common from linux/${own} with linux/${other} when split option is disabled`,
    })
    context.write('Dockerfile', 'FROM scratch\nARG TARGETARCH\nCOPY common dir/$TARGETARCH\n')
    await build(context, { outputs: [{ ...together, dest: dest('both') }] })
    assert.deepEqual(readdirSync(join(dest('both'), 'dir')).sort(), [own, other].sort())
    await workshop.build(context, {
      platform: platform[1]!,
      outputs: [{ kind: 'local', dest: dest('one'), platformSplit: true }],
    })
    assert.deepEqual(readdirSync(dest('one')), [`linux_${other}`])
  })

  it('one platform is no index, unless that is asked for; a platform twice is one', async () => {
    const { store, images } = workshop
    const context = workshop.context({ Dockerfile: 'FROM base\nLABEL a=b\n' })
    const alone = platform[1] as Platform
    const one = await workshop.build(context, { platform: [alone, alone], tags: ['one'] })
    assert.equal(images.index('one'), undefined)
    assert.equal(one.images.length, 1)
    await workshop.build(context, { platform: alone, tags: ['one'], buildArgs: { BUILDKIT_MULTI_PLATFORM: '1' } })
    const index = images.index('one')!
    assert.deepEqual(
      readIndex(store, index.manifest.digest).manifests.map((member) => member.platform),
      [alone],
    )
    // FROM takes the platform's image out of it.
    const above = workshop.context({ Dockerfile: 'FROM app\nRUN cat /platform\n' })
    await build(workshop.context({ Dockerfile: crossed, common: 'c' }), { tags: ['app'] })
    const { log } = await workshop.build(above, { platform: alone, noCache: true })
    assert.equal(log, `linux/${other}\n`)
  })

  it('shares steps of every kind, but not what another context brings', async () => {
    const dockerfile = [
      'FROM --platform=$BUILDPLATFORM base AS tools',
      'WORKDIR /work',
      'COPY --link file /linked',
      'ADD file /added',
      'RUN --mount=type=bind,target=/src --mount=type=cache,target=/cache cp /src/file /bound',
      'RUN <<EOF',
      'echo here >/document',
      'EOF',
      'COPY --from=other own /own',
      'FROM scratch',
      'COPY --from=tools /linked /added /bound /document /own /',
    ].join('\n')
    const context = workshop.context({ Dockerfile: dockerfile, file: 'f' })
    const folders = platform.map(({ architecture }) => workshop.context({ own: `of ${architecture}` }).path)
    const buildContexts = Object.fromEntries(
      platform.map(({ architecture }, i) => [`other::linux/${architecture}`, folders[i]!]),
    )
    const dest = join(workshop.home, 'kinds')
    const outputs = [{ kind: 'local', dest }] as const
    const { run, steps } = await build(context, { buildContexts, outputs, noCache: true })
    assert.equal(new Set(steps.map(({ index }) => index)).size, steps[0]!.total)
    const counted = Map.groupBy(run, (name) => name.replace(/^\[\S+ /, ''))
    assert.deepEqual([...counted.values()].map((names) => names.length).sort(), [1, 1, 1, 1, 1, 2, 2])
    for (const { architecture } of platform) {
      const at = (name: string) => readFileSync(join(dest, `linux_${architecture}`, name), 'utf8')
      assert.deepEqual(['linked', 'added', 'bound', 'document'].map(at), ['f', 'f', 'f', 'here\n'])
      assert.equal(at('own'), `of ${architecture}`)
    }
  })

  it('several targets have an index each', async () => {
    const dockerfile = 'FROM base AS a\nLABEL a=1\nFROM base AS b\nLABEL b=1\n'
    const context = workshop.context({ Dockerfile: dockerfile })
    const { images: built, id } = await build(context, { target: ['a', 'b'], tags: ['a=first', 'second'] })
    assert.deepEqual(
      built.map(({ target }) => target),
      ['a', 'a', 'b', 'b'],
    )
    assert.equal(id, workshop.images.get('second').id)
    for (const [i, name] of ['first', 'second'].entries()) {
      const ids = workshop.images.index(name)!.members.map(({ image }) => image!.id)
      assert.deepEqual(
        ids,
        built.slice(2 * i, 2 * i + 2).map((image) => image.id),
      )
    }
  })
})
