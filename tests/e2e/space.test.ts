import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { builderGc, openEngine, systemDf } from '../../src/engine/mod.ts'
import { onlySize, removeTree } from '../../src/store/mod.ts'
import { notRoot, Sandbox } from './harness.ts'

const skip = notRoot
const build = ['build', '--progress', 'quiet', '--network', 'none', '--ca', 'none']

it('builds go on while others prune', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const steps = Array.from({ length: 6 }, (_, i) => `RUN echo ${i} > /f${i} && cat /f* > /all\n`).join('')
  const context = box.context({
    Dockerfile: `FROM busybox AS a\nCOPY a /a\n${steps}FROM busybox\nCOPY --link --from=a /all /all\nRUN cat /all\n`,
    a: 'a',
  })
  let building = true
  const prune = async () => {
    for (let round = 0; building; round++) {
      await box.ok(['builder', 'prune', '-f', ...(round % 2 ? ['--max-used-space', '1b'] : ['-a'])])
    }
  }
  const rounds = async (name: string) => {
    for (let round = 0; round < 3; round++) await box.ok([...build, '-t', name, context])
  }
  const pruning = prune()
  try {
    await Promise.all([rounds('one'), rounds('two')])
  } finally {
    building = false
    await pruning
  }
  assert.equal(await box.ok(['run', '--rm', 'one', 'cat', '/all']), '0\n1\n2\n3\n4\n5')
  await box.ok(['system', 'check', '--content'])
})

const churn = join(import.meta.dirname, 'prune-churn.ts')

function start(work: 'build' | 'prune', root: string, rounds: number): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', churn, work, root, String(rounds)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

it('builds of several processes lose nothing to those that prune', async () => {
  const base = mkdtempSync('/var/tmp/strake-test-')
  const root = join(base, 'store')
  const pruners = [start('prune', root, 1e6), start('prune', root, 1e6)]
  const exits = pruners.map((child) => once(child, 'exit'))
  try {
    const builders = [1, 2, 3].map(() => start('build', root, 60))
    const codes = await Promise.all(builders.map(async (child) => (await once(child, 'exit'))[0]))
    assert.deepEqual(codes, [0, 0, 0])
    for (const child of pruners) assert.equal(child.exitCode, null)
    for (const child of pruners) child.kill('SIGKILL')
    await Promise.all(exits)
    using engine = openEngine(root)
    assert.deepEqual(engine.store.check(), [])
    builderGc(engine)
    assert.deepEqual(engine.store.check(), [])
  } finally {
    for (const child of pruners) child.kill('SIGKILL')
    await Promise.all(exits)
    removeTree(base)
  }
})

it('what is counted is what is on the disk, also where layers share files', { skip }, async () => {
  await using box = new Sandbox()
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`app/f${i}`, `${i}`.padEnd(100)]))
  const context = box.context({ ...files, Dockerfile: 'FROM scratch\nCOPY app /app\nCOPY --link app/f1 /linked\n' })
  for (const edit of ['a', 'b', 'c']) {
    writeFileSync(join(context, 'app/f7'), edit.padEnd(100))
    await box.ok([...build, '-t', `edited:${edit}`, context])
  }
  using engine = openEngine(box.root)
  const { store } = engine
  const measured = () => onlySize([...store.snapshots.walk()].map(({ id }) => store.snapshots.dir(id)))
  const counted = async () => {
    const { images, buildCache } = await systemDf(engine)
    const blobs = [...store.content.walk()].reduce((sum, { size }) => sum + size, 0)
    return images.size + buildCache.size - blobs
  }
  assert.equal(measured(), 300 * 100 + 2 * 100 + 100)
  const notes = [...store.snapshots.walk()].filter(({ id }) => existsSync(join(store.snapshots.dir(id), '../entries')))
  assert.equal(notes.length, 1, 'only the layer that the others lie over has a note of what is in it')
  assert.equal(await counted(), measured())
  const unique = (await systemDf(engine)).images.items.map((image) => image.uniqueSize)
  assert.deepEqual(unique.sort(), [0, 100, 100], 'what the others lie over stays with them')
  for (const edit of ['b', 'a']) {
    await box.ok(['rmi', `edited:${edit}`])
    await box.ok(['builder', 'prune', '-f'])
    assert.equal(await counted(), measured())
  }
  // The file that changed is still in the layer that the last one lies over.
  assert.equal(measured(), 300 * 100 + 100 + 100)
})

it('the build cache is listed and pruned in docker’s words', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const context = box.context({ Dockerfile: 'FROM busybox\nRUN echo one > /one\nRUN echo two > /two\n' })
  await box.ok([...build, '-o', 'type=cacheonly', context])
  const listed = await box.ok(['buildx', 'du'])
  assert.match(listed, /^ID +RECLAIMABLE +SIZE +LAST ACCESSED +DESCRIPTION$/m)
  assert.match(listed, /^\d+ +true +4B +\S.* ago +RUN echo one > \/one$/m)
  assert.match(listed, /^Reclaimable:\t8B\nTotal:\t\t8B$/m)
  const [one, two] = (await box.ok(['builder', 'du', '--format', 'json']))
    .split('\n')
    .map((line) => JSON.parse(line))
    .sort((a, b) => Number(a.ID) - Number(b.ID))
  assert.deepEqual([one.Parents, two.Parents, one.Type], [null, [one.ID], 'regular'])
  assert.match(
    await box.ok(['builder', 'du', '--verbose', '--filter', `id=${two.ID}`]),
    /^Parents:\n - \d+\nCreated at: /m,
  )
  const { BuildCache } = JSON.parse(await box.ok(['system', 'df', '-v', '--format', 'json']))
  const last = BuildCache.find(({ ID }: { ID: string }) => ID === two.ID)
  assert.deepEqual([last.Parent, last.InUse, last.Shared, last.Size], [one.ID, 'false', 'false', '4B'])
  const { stdout, stderr } = await box.run(['builder', 'prune', '-f', '--keep-storage', '4b'])
  assert.match(stderr, /^Flag --keep-storage has been deprecated/)
  assert.match(stdout, /echo two.*\nTotal:\t\S+\n$/)
  assert.equal(await box.ok(['builder', 'du', '--filter', 'description~=echo', '--format', '{{.Size}}']), '4B')
  const wrong = await box.run(['builder', 'prune', '-f', '--max-used-space', '10xx'])
  assert.notEqual(wrong.code, 0)
  assert.match(await box.ok(['builder', 'gc', '--policy']), /^GC Policy rule#0:$/m)
})
