import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { temporaryStore } from '../store/testing.ts'
import { bootstrap, parseBootstrap, resolveBootstrap } from './bootstrap.ts'
import { openImages } from './catalog.ts'
import { imageHistory } from './history.ts'
import { importImage } from './import.ts'
import { mmdebstrap } from './mmdebstrap.ts'
import { makeImage, makeTar, streamOf } from './testing.ts'

const isRoot = process.getuid?.() === 0
const skip = !isRoot ? 'layers are written as root' : !existsSync('/bin/busybox') && 'busybox-static is not installed'

test('what a person writes for a base', () => {
  assert.deepEqual(parseBootstrap('debian:bookworm'), { distribution: 'debian', suite: 'bookworm' })
  assert.deepEqual(parseBootstrap('ubuntu/24.04'), { distribution: 'ubuntu', suite: '24.04' })
  assert.deepEqual(parseBootstrap('busybox'), { distribution: 'busybox', suite: 'latest' })
  for (const text of ['', 'Debian:x', 'debian:', 'a/b/c', '--help', 'debian:x y'])
    assert.throws(() => parseBootstrap(text), /invalid base/)
})

test('busybox becomes a base at once, always the same, and is found again by what made it', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const image = await bootstrap(store, images, parseBootstrap('busybox'))
  assert.deepEqual(image.names, ['docker.io/library/busybox:latest'])
  const [root] = store.snapshots.stack(image.snapshot)
  assert.equal(
    execFileSync('chroot', [root!, '/bin/sh', '-c', 'id -un; ls /bin/ls; stat -c %a /tmp /root'], { encoding: 'utf8' }),
    'root\n/bin/ls\n1777\n700\n',
  )
  assert.ok(lstatSync(join(root!, 'bin/sh')).nlink > 100)
  const again = await bootstrap(store, images, { ...parseBootstrap('busybox'), tags: ['other:1'] })
  assert.equal(again.id, image.id)

  // What is built on it has its labels too.
  await makeImage(store, images, {
    files: { f: '' },
    parent: image.snapshot!,
    config: images.config(image).config!,
    created: '2100-01-01T00:00:00Z',
    history: images.config(image).history!,
  })
  assert.equal((await resolveBootstrap('busybox', store, images)).id, image.id)
})

test('a failed mmdebstrap leaves no image, though what it wrote would be one', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const options = { distribution: 'debian', suite: 'bookworm', tags: ['bad'] }
  const mirror = 'deb [trusted=yes] file:///nonexistent bookworm main'
  if (existsSync('/usr/bin/mmdebstrap')) {
    await assert.rejects(bootstrap(store, images, { ...options, mirror }), {
      code: 'failed',
      message: /^mmdebstrap ended with \d+:\n/,
      hint: /does not serve bookworm/,
    })
  }
  await assert.rejects(
    bootstrap(store, images, { ...options, mirror: 'deb [signed-by=/no/such.gpg] http://x.test/ s main' }),
    {
      code: 'unavailable',
    },
  )
  await assert.rejects(bootstrap(store, images, { ...options, include: ['--simulate'] }), { code: 'invalid' })
  await assert.rejects(bootstrap(store, images, { ...options, variant: 'x' }), { code: 'invalid' })
  const aborted = AbortSignal.abort()
  await assert.rejects(
    mmdebstrap(
      {
        suite: 's',
        variant: 'v',
        include: [],
        sources: '',
        dpkgOptions: [],
        hooks: [],
        tmpdir: '/',
        env: {},
        vertex: '',
        signal: aborted,
      },
      async () => assert.fail('nothing to read'),
    ),
  )
  assert.deepEqual(images.list(), [])
  store.collect()
  assert.deepEqual([...store.snapshots.walk()], [])
})

test('an imported root file system is one layer, the same whatever the order of its files', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const created = new Date(1_700_000_000_000)
  const files: [string, string][] = [
    ['a', '1'],
    ['b', '22'],
  ]
  const config = { Cmd: ['/a'] }
  const one = await importImage(store, images, streamOf(makeTar(files)), {
    created,
    config,
    tags: ['one'],
    message: 'why',
  })
  const two = await importImage(store, images, streamOf(gzipSync(makeTar(files.reverse()))), {
    created,
    config,
    message: 'why',
  })
  assert.equal(one.id, two.id)
  assert.equal(one.size, 3)
  assert.equal(readFileSync(join(store.snapshots.stack(one.snapshot)[0]!, 'b'), 'utf8'), '22')
  assert.deepEqual(imageHistory(store, images, one), [
    { created: created.toISOString(), comment: 'why', id: one.id, size: 3, names: ['docker.io/library/one:latest'] },
  ])
  await assert.rejects(importImage(store, images, streamOf(Buffer.from('no tar'.repeat(200))), {}), {
    name: 'StrakeError',
  })
  await assert.rejects(importImage(store, images, streamOf(makeTar(files)), { tags: ['BAD name'] }), {
    code: 'invalid',
  })
  assert.equal(images.list().length, 1)
})

test('history names the images that a base ended with', { skip }, async () => {
  using place = temporaryStore()
  const { store } = place
  const images = openImages(store)
  const base = await makeImage(store, images, { files: { a: '12' }, tags: ['base'] })
  const [entry] = images.config(base).history!
  const top = await makeImage(store, images, {
    files: { b: '1' },
    parent: base.snapshot,
    history: [entry!, { created_by: 'ENV', empty_layer: true }],
  })
  assert.deepEqual(
    imageHistory(store, images, top).map(({ id, size, names }) => [id, size, ...names]),
    [
      [top.id, 1],
      [undefined, 0],
      [base.id, 2, 'docker.io/library/base:latest'],
    ],
  )
})
