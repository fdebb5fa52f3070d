import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, parseReference } from '../oci/mod.ts'
import { globPattern, parseMoment } from './filters.ts'
import { history } from './history.ts'
import { imagePrune } from './image-prune.ts'
import { images } from './images.ts'
import { inspect } from './inspect.ts'
import { rmi } from './rmi.ts'
import { save } from './save.ts'
import { tag } from './tag.ts'
import { filledEngine } from './testing.ts'

const names = (rows: ReturnType<typeof images>) => rows.map(({ repository, tag }) => `${repository}:${tag}`)

test('each name of an image is a row, and an image without one too', () => {
  using engine = filledEngine()
  tag(engine, { source: 'app', target: 'localhost:5000/team/app:2' })
  assert.deepEqual(names(images(engine)), ['app:latest', 'localhost:5000/team/app:2', 'undefined:undefined'])
  assert.throws(() => tag(engine, { source: 'none', target: 'x' }), { code: 'not_found' })
  assert.throws(() => tag(engine, { source: 'app', target: 'Not Good' }), { code: 'invalid' })
})

test('filters say which images', () => {
  using engine = filledEngine()
  tag(engine, { source: 'app', target: 'app:1.5' })
  tag(engine, { source: 'app', target: 'localhost:5000/team/app:2' })
  const list = (...filters: string[]) => names(images(engine, { filters }))
  assert.deepEqual(list('dangling=true'), ['undefined:undefined'])
  assert.equal(list('dangling=false').length, 3)
  assert.deepEqual(list('reference=app'), ['app:1.5', 'app:latest'])
  assert.deepEqual(list('reference=app:1.*', 'reference=*/*/app'), ['app:1.5', 'localhost:5000/team/app:2'])
  assert.deepEqual(names(images(engine, { reference: 'docker.io/library/app:latest' })), ['app:latest'])
  assert.deepEqual(list('before=app'), ['undefined:undefined'])
  assert.deepEqual(list(`since=${hex(engine.dangling.id)}`, 'reference=app:latest'), ['app:latest'])
  assert.deepEqual(list('until=24h'), ['undefined:undefined'])
  assert.deepEqual(list('label=nothing'), [])
  assert.throws(() => list('danglin=true'), { message: "invalid filter 'danglin'", hint: 'Did you mean dangling?' })
  assert.throws(() => list('dangling=perhaps'), { code: 'invalid' })
  assert.throws(() => list('dangling'), { code: 'invalid' })
  assert.throws(() => list('before=none'), { code: 'not_found' })
})

test('patterns are Go’s, moments docker’s', () => {
  assert.match('a.b', globPattern('a.?'))
  assert.doesNotMatch('axb', globPattern('a.b'))
  assert.doesNotMatch('a/b', globPattern('*'))
  assert.match('x1', globPattern('x[0-9]'))
  assert.match('x*', globPattern('x\\*'))
  assert.match('a[', globPattern('a['))
  assert.equal(parseMoment('1h30m', 10_000_000), 10_000_000 - 5_400_000)
  assert.equal(parseMoment('1700000000'), 1_700_000_000_000)
  assert.equal(parseMoment('2024-05-01T10:00:00Z'), Date.UTC(2024, 4, 1, 10))
  assert.throws(() => parseMoment('yesterday'), { code: 'invalid' })
})

test('an image goes with its last name, and its layers with it', () => {
  using engine = filledEngine()
  engine.store.db.exec('DELETE FROM containers; DELETE FROM cache')
  tag(engine, { source: 'app', target: 'app:2' })
  assert.deepEqual(rmi(engine, { image: 'app:2' }).deleted, [])
  const chains = engine.store.snapshots.ancestry(engine.app.snapshot).map((snapshot) => snapshot.chainId)
  const { untagged, deleted } = rmi(engine, { image: 'app' })
  assert.deepEqual(untagged, ['app:latest'])
  // The base is the older image's too.
  assert.deepEqual(deleted, [engine.app.id, chains[0]])
  const last = rmi(engine, { image: hex(engine.dangling.id).slice(0, 12) })
  assert.equal(last.deleted.length, 3)
  assert.deepEqual(images(engine), [])
  assert.throws(() => rmi(engine, { image: 'app' }), { message: 'No such image: app:latest' })
})

test('what a container uses stays', () => {
  using engine = filledEngine()
  const id = hex(engine.app.id).slice(0, 12)
  assert.throws(() => rmi(engine, { image: 'app' }), {
    code: 'conflict',
    message: `conflict: unable to remove repository reference "app" (must force) - container cccccccccccc is using its referenced image ${id}`,
  })
  assert.throws(() => rmi(engine, { image: id }), {
    message: `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container cccccccccccc`,
  })
  tag(engine, { source: 'app', target: 'second' })
  assert.throws(() => rmi(engine, { image: id }), {
    message: `conflict: unable to delete ${id} (must be forced) - image is referenced in multiple repositories`,
  })
  engine.store.db.exec(`UPDATE containers SET state = '{"kind":"running"}'`)
  assert.throws(() => rmi(engine, { image: id, force: true }), {
    message: `conflict: unable to delete ${id} (cannot be forced) - image is being used by running container cccccccccccc`,
  })
  assert.deepEqual(rmi(engine, { image: 'second' }).untagged, ['second:latest'])
  assert.deepEqual(rmi(engine, { image: 'app', force: true }), { untagged: ['app:latest'], deleted: [], bytes: 0 })
  assert.equal(engine.images.find(id)?.names.length, 0)
  engine.store.db.exec(`UPDATE containers SET state = '{"kind":"exited"}'`)
  assert.deepEqual(rmi(engine, { image: id, force: true }).deleted, [engine.app.id])
  assert.equal(engine.store.snapshots.get(engine.app.snapshot!).state, 'committed')
})

test('pruning takes what has no name, or no container', () => {
  using engine = filledEngine()
  assert.deepEqual(imagePrune(engine, { filters: ['until=72h'] }).deleted, [])
  assert.deepEqual(imagePrune(engine, { filters: ['label=x'] }).deleted, [])
  assert.deepEqual(imagePrune(engine, { filters: ['label!=x'] }).deleted, [engine.dangling.id])
  assert.deepEqual(imagePrune(engine, { all: true }).deleted, [])
  engine.store.db.exec('DELETE FROM containers')
  const { untagged, deleted } = imagePrune(engine, { all: true })
  assert.deepEqual([untagged, deleted], [['app:latest'], [engine.app.id]])
  assert.throws(() => imagePrune(engine, { filters: ['x=1'] }), { code: 'invalid' })
})

test('inspect tells what docker tells, and what is missing', async () => {
  using engine = filledEngine()
  const { objects, missing } = await inspect(engine, { names: ['app', 'none'] })
  const [app] = objects as [Record<string, unknown>]
  assert.equal(app.Id, engine.app.id)
  assert.deepEqual(app.RepoTags, ['app:latest'])
  assert.equal(app.Size, 1200)
  assert.deepEqual(Object.keys(app.Config as object), [
    'Cmd',
    'Entrypoint',
    'Env',
    'Labels',
    'OnBuild',
    'User',
    'Volumes',
    'WorkingDir',
  ])
  assert.deepEqual(
    missing.map((error) => error.message),
    ['No such object: none'],
  )
  assert.deepEqual(
    (await inspect(engine, { names: ['none'], type: 'image' })).missing.map((error) => error.message),
    ['No such image: none'],
  )
  await assert.rejects(inspect(engine, { names: ['app'], type: 'planet' }), { code: 'invalid' })
})

test('history has a line for each layer where the configuration has none', () => {
  using engine = filledEngine()
  assert.deepEqual(
    history(engine, { image: 'app' }).map(({ size }) => size),
    [200, 1000],
  )
})

test('a save of nothing, or of what is not there, is refused before it begins', () => {
  using engine = filledEngine()
  engine.images.untag(parseReference('app'))
  assert.throws(() => save(engine, { images: ['app'] }), { code: 'not_found' })
  assert.throws(() => save(engine, { images: [] }), { code: 'invalid' })
})
