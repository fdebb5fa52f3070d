import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { busyboxArchive } from '../../tests/support/busybox.ts'
import { type Images, loadArchive, openImages } from '../images/mod.ts'
import { openStore, removeTree, type Store } from '../store/mod.ts'
import { build } from './build.ts'
import { git } from './context/testing.ts'
import type { BuildOptions } from './types.ts'

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' }
interface Machine {
  readonly store: Store
  readonly images: Images
}
let home: string
const machines: Machine[] = []

before(async () => {
  if (options.skip) return
  home = mkdtempSync('/var/tmp/strake-reproducible-')
  const archive = join(home, 'busybox.tar')
  writeFileSync(archive, busyboxArchive())
  for (const name of ['one', 'other']) {
    const store = openStore(join(home, name))
    const images = openImages(store)
    await loadArchive(store, images, archive, {})
    machines.push({ store, images })
  }
})
after(() => {
  if (options.skip) return
  for (const { store } of machines) store[Symbol.dispose]()
  removeTree(home)
})

async function run({ store, images }: Machine, path: string, more: Partial<BuildOptions> = {}) {
  const context = { kind: 'directory', path } as const
  const { id, cached } = await build(store, images, { context, network: 'none', ca: 'none', ...more })
  const image = images.get(id)
  return { id, cached, image, config: images.config(image) }
}

const dockerfile = `FROM busybox AS build
RUN mkdir /out && date > /dev/null && touch /out/made && ln /out/made /out/again && ln -s made /out/soft
FROM busybox
ARG SOURCE_DATE_EPOCH
WORKDIR /app/deep
COPY --chown=3:4 . .
COPY --link run.sh /link/
COPY --from=build /out /out
ADD packed.tar /packed/
ADD <<E /here/
text
E
RUN touch /new && rm /bin/vi && echo $SOURCE_DATE_EPOCH > /epoch && ls -lR /app /out > /list
LABEL a=b
`

/** The same files, made in another order and with another umask. */
function checkout(name: string, { umask, reversed }: { umask: number; reversed: boolean }): string {
  const path = join(home, name)
  const old = process.umask(umask)
  try {
    mkdirSync(path)
    const files: [name: string, content: string | Buffer, executable?: boolean][] = [
      ['Dockerfile', dockerfile],
      ['a', 'a\n'],
      ['b', 'b\n'],
      ['run.sh', '#!/bin/sh\n', true],
    ]
    for (const [file, content, executable] of reversed ? files.toReversed() : files) {
      writeFileSync(join(path, file), content, { mode: executable ? 0o777 : 0o666 })
    }
    mkdirSync(join(path, 'sub'))
    writeFileSync(join(path, 'sub/c'), 'c\n')
    execFileSync('tar', [
      '-C',
      path,
      '--mtime=@1000000000',
      '--owner=5',
      '--group=6',
      '--mode=640',
      '-cf',
      join(path, 'packed.tar'),
      'a',
    ])
  } finally {
    process.umask(old)
  }
  return path
}

test('two machines make the same image of the same inputs', options, async () => {
  const buildArgs = { SOURCE_DATE_EPOCH: '1500000000' }
  const [first, second] = [
    checkout('order-1', { umask: 0o022, reversed: false }),
    checkout('order-2', { umask: 0o077, reversed: true }),
  ]
  const umask = process.umask()
  const one = await run(machines[0]!, first, { reproducible: true, buildArgs })
  process.umask(0o077)
  const other = await run(machines[1]!, second, { reproducible: true, buildArgs }).finally(() => process.umask(umask))
  assert.equal(one.id, other.id)
  assert.equal(one.image.manifest.digest, other.image.manifest.digest)
  const again = await run(machines[0]!, first, { reproducible: true, buildArgs, noCache: true })
  assert.equal(again.id, one.id)
  assert.ok((await run(machines[0]!, first, { reproducible: true, buildArgs })).cached > 0)

  const own = one.config.history!.slice(1)
  assert.deepEqual([...new Set(own.map(({ created }) => created))], ['2017-07-14T02:40:00Z'])
  assert.equal(one.config.history![0]!.created, '2001-09-09T01:46:40Z')
  assert.equal(one.config.created, '2017-07-14T02:40:00Z')
  const { snapshots } = machines[0]!.store
  for (const { id } of snapshots.ancestry(one.image.snapshot).slice(0, -1)) checkTimes(snapshots.dir(id))
  const packed = snapshots.stack(one.image.snapshot).find((dir) => readdirSync(dir).includes('packed'))!
  const { mtimeMs, mode } = lstatSync(join(packed, 'packed/a'))
  assert.deepEqual([mtimeMs, mode & 0o777], [1e12, 0o640])
})

function checkTimes(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    const { mtimeMs } = lstatSync(path)
    // A whiteout, which has no time in the layer.
    if (entry.isCharacterDevice()) continue
    assert.ok(mtimeMs <= 1500000000_000, path)
    if (entry.isDirectory()) checkTimes(path)
  }
}

test('the time is that of the last commit, else that of the newest file', options, async () => {
  const path = checkout('dated', { umask: 0o022, reversed: false })
  for (const name of ['Dockerfile', 'a', 'b', 'run.sh', 'sub/c', 'packed.tar'])
    utimesSync(join(path, name), 1.1e9, 1.1e9)
  utimesSync(join(path, 'sub/c'), 1.2e9, 1.2e9)
  const created = async () => (await run(machines[0]!, path, { reproducible: true })).config.created
  assert.equal(await created(), '2008-01-10T21:20:00Z')
  git(path, 'init', '--quiet')
  writeFileSync(join(path, '.dockerignore'), '.git\n')
  git(path, 'add', '.')
  git(path, 'commit', '--quiet', '-m', 'all')
  assert.equal(await created(), '2020-02-02T02:02:02Z')
  chmodSync(path, 0o700)
  const clone = join(home, 'clone')
  git(home, 'clone', '--quiet', path, clone)
  const one = await run(machines[0]!, path, { reproducible: true })
  assert.equal(one.id, (await run(machines[1]!, clone, { reproducible: true })).id)
})

test(
  'SOURCE_DATE_EPOCH alone sets the times of configuration and history, and of what WORKDIR makes',
  options,
  async () => {
    const path = checkout('epoch', { umask: 0o022, reversed: false })
    const buildArgs = { SOURCE_DATE_EPOCH: '1000000001' }
    const { config, image } = await run(machines[0]!, path, {
      buildArgs,
      dockerfile: 'FROM scratch\nCOPY a /\nWORKDIR /x/y\n',
    })
    assert.equal(config.created, '2001-09-09T01:46:41Z')
    assert.deepEqual(
      config.history!.map(({ created }) => created),
      ['2001-09-09T01:46:41Z', '2001-09-09T01:46:41Z'],
    )
    const { snapshots } = machines[0]!.store
    const [workdir, copy] = snapshots.stack(image.snapshot)
    assert.equal(lstatSync(join(workdir!, 'x/y')).mtimeMs, 1000000001_000)
    assert.ok(lstatSync(join(copy!, 'a')).mtimeMs > 1.5e12)
    for (const wrong of ['x', '1.5', '-1', '99999999999999']) {
      await assert.rejects(
        run(machines[0]!, path, { buildArgs: { SOURCE_DATE_EPOCH: wrong } }),
        /invalid SOURCE_DATE_EPOCH/,
      )
    }
  },
)
