import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { listCacheMounts } from './cache-mounts.ts'
import { asRoot, TestBuilds } from './test-builds.ts'

let builds: TestBuilds
before(async () => {
  if (!asRoot.skip) builds = await TestBuilds.open()
})
after(() => builds?.[Symbol.dispose]())

test('a bind of a context depends on what it shows, and on nothing else', asRoot, async () => {
  const { path, write } = builds.context('FROM busybox\nRUN --mount=target=/src,source=src cat /src/*\n', {
    'src/a': 'one',
    'src/.hidden': 'x',
    other: 'o',
    '.dockerignore': 'src/ignored\n',
  })
  assert.match((await builds.run(path)).log, /one/)
  assert.equal((await builds.run(path)).done, 0)
  utimesSync(join(path, 'src/a'), 1, 1)
  write('other', 'changed')
  write('src/ignored', 'x')
  assert.equal((await builds.run(path)).done, 0, 'times, other files and ignored files do not count')
  write('src/a', 'two')
  assert.match((await builds.run(path)).log, /two/)
  execFileSync('chmod', ['755', join(path, 'src/a')])
  assert.equal((await builds.run(path)).done, 1, 'a mode counts')
  write('src/.hidden', 'y')
  assert.equal((await builds.run(path)).done, 1, 'a file that was not there to be read counts')
})

test('a bind of a stage depends on the path that it shows', asRoot, async () => {
  const text = (shown: string, other: string) => `FROM busybox AS made
RUN mkdir /out && echo ${shown} > /out/shown && echo ${other} > /other
FROM busybox
RUN --mount=from=made,source=/out,target=/o cat /o/shown
RUN --mount=from=made,target=/made true
`
  const { path, write } = builds.context(text('one', 'two'))
  assert.equal((await builds.run(path)).done, 3)
  write('Dockerfile', text('one', 'three'))
  assert.equal((await builds.run(path)).done, 2, 'the stage, and the step that sees all of it')
  write('Dockerfile', `${text('one', 'three').replace('RUN mkdir', 'RUN : again; mkdir')}`)
  assert.equal((await builds.run(path)).done, 1, 'the same files again')
  write('Dockerfile', text('four', 'three'))
  assert.equal((await builds.run(path)).done, 3)
})

test('stages that only a mount needs are built, and others are not', asRoot, async () => {
  const { path } = builds.context(`FROM busybox AS needed
RUN echo made > /made
FROM busybox AS unused
RUN exit 1
FROM busybox
RUN --mount=from=Needed,target=/n cat /n/made
`)
  assert.match((await builds.run(path)).log, /made/)
})

test('a named context is mounted, a folder and an image', asRoot, async () => {
  const { path } = builds.context(`FROM busybox
RUN --mount=from=folder,target=/f,source=a --mount=from=base,target=/b cat /f && ls /b/bin/busybox
`)
  const folder = builds.context('', { a: 'from the folder\n' })
  const { log } = await builds.run(path, { buildContexts: { folder: folder.path, base: 'docker-image://busybox' } })
  assert.match(log, /from the folder\n\/b\/bin\/busybox/)
})

test('what is written through a mount is not in the context, the stage or the layer', asRoot, async () => {
  const { path } = builds.context(
    'FROM busybox\nRUN --mount=target=/c,rw rm /c/a && touch /c/b && ls /c\nRUN ls /c || true\n',
    {
      a: 'a',
    },
  )
  const { id } = await builds.run(path)
  assert.deepEqual(readdirSync(path).sort(), ['Dockerfile', 'a'])
  const layers = builds.store.snapshots.stack(builds.images.get(id).snapshot)
  assert.ok(layers.every((layer) => !existsSync(join(layer, 'c'))))
})

test('a missing source is told with its place', asRoot, async () => {
  const { path } = builds.context('FROM busybox\nRUN --mount=target=/c,source=nowhere true\n')
  await builds.fails(path, {}, { code: 'not_found', message: '"/nowhere": not found', at: [2, 30] })
  const stage = builds.context('FROM busybox AS a\nFROM busybox\nRUN --mount=from=a,target=/c,source=/nowhere true\n')
  await builds.fails(stage.path, {}, { code: 'not_found', message: '"/nowhere": not found' })
})

test('a cache mount is kept between builds, and is no part of any key or layer', asRoot, async () => {
  const { path, write } = builds.context(`FROM busybox
RUN --mount=type=cache,target=/cache echo more >> /cache/file; cat /cache/file
`)
  assert.equal((await builds.run(path)).log, 'more\n')
  assert.equal((await builds.run(path)).done, 0)
  const { log, id } = await builds.run(path, { noCache: true })
  assert.equal(log, 'more\nmore\n')
  assert.ok(
    builds.store.snapshots.stack(builds.images.get(id).snapshot).every((layer) => !existsSync(join(layer, 'cache'))),
  )
  const file = readFileSync(join(path, 'Dockerfile'), 'utf8')
  write('Dockerfile', file.replace('target=/cache', 'target=/cache,id=/cache,sharing=locked'))
  assert.equal((await builds.run(path)).done, 0, 'id and sharing say nothing of the result')
  write('Dockerfile', file.replace('target=/cache', 'target=/cache,id=other'))
  assert.equal((await builds.run(path, { noCache: true })).log, 'more\n')
  const named = await builds.run(path, { noCache: true, buildArgs: { BUILDKIT_CACHE_MOUNT_NS: 'ns' } })
  assert.equal(named.log, 'more\n')
  assert.deepEqual(
    listCacheMounts(builds.store).map(({ name, inUse, uses }) => [name, inUse, uses]),
    [
      ['/cache', false, 2],
      ['other', false, 1],
      ['ns/other', false, 1],
    ],
  )
  assert.deepEqual(builds.store.check(), [])
})

test('a failed step leaves what it put into a cache', asRoot, async () => {
  const { path, write } = builds.context(
    'FROM busybox\nRUN --mount=type=cache,target=/c,id=kept touch /c/downloaded; exit 3\n',
  )
  await builds.fails(path, {}, { code: 'failed', exitCode: 3 })
  write('Dockerfile', 'FROM busybox\nRUN --mount=type=cache,target=/c,id=kept ls /c\n')
  assert.equal((await builds.run(path)).log, 'downloaded\n')
})

/** Two stages that run side by side, each with what the other is to see. */
const sideBySide = (step: (own: string, other: string) => string) => `FROM busybox AS a
${step('a', 'b')}
FROM busybox AS b
${step('b', 'a')}
FROM scratch
COPY --from=a /bin/busybox /a
COPY --from=b /bin/busybox /b
`
const meet = (place: string) => (own: string, other: string) =>
  `touch ${place}/${own}; i=0; until [ -e ${place}/${other} ] || [ $i = 600 ]; do sleep 0.1; i=$((i+1)); done`
const named = (name: string) => listCacheMounts(builds.store).filter((mount) => mount.name === name).length

test('a locked cache is had by one step at a time', asRoot, async () => {
  const { log } = await builds.run(
    builds.context(
      sideBySide(
        (own) =>
          `RUN --mount=type=cache,target=/c,id=locked,sharing=locked : ${own}; mkdir /c/x || echo met; sleep 0.3; rmdir /c/x`,
      ),
    ).path,
  )
  assert.ok(!log.includes('met'))
  assert.equal(named('locked'), 1)
})

test('a private cache is had by one step, another one by the other', asRoot, async () => {
  const step = (own: string, other: string) =>
    `RUN --mount=type=cache,target=/c,id=private,sharing=private --mount=type=cache,target=/m,id=meeting touch /c/${own}; ${meet('/m')(own, other)}; ls /c`
  const { log } = await builds.run(builds.context(sideBySide(step)).path)
  assert.deepEqual(log.split('\n').sort(), ['', 'a', 'b'])
  assert.equal(named('private'), 2)
  assert.equal(named('meeting'), 1)
})
