import assert from 'node:assert/strict'
import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { missText, type ProgressEvent, type StrakeError } from '../lib/mod.ts'
import { buildGraph } from './build-graph.ts'
import * as graph from './filesystem.ts'
import { buildLog, findBuild, listBuilds, removeBuilds } from './records/builds.ts'
import { profileOf } from './records/profile.ts'
import { forgetSteps } from './records/steps.ts'
import { traceOf } from './records/trace.ts'
import type { BuildRecord } from './records/types.ts'
import { Workshop } from './testing.ts'

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' }
let workshop: Workshop

before(async () => {
  if (!options.skip) workshop = await Workshop.open()
})
after(() => workshop?.[Symbol.dispose]())

test('builds of the same at the same time do it once', options, async () => {
  const dockerfile = 'FROM busybox\nRUN sleep 0.5; echo once\nCOPY f /f\nRUN cat /f\n'
  const contexts = [1, 2, 3].map(() => workshop.context({ Dockerfile: dockerfile, f: 'same\n' }))
  const built = await Promise.all(contexts.map((context) => workshop.build(context)))
  assert.equal(built.flatMap(({ done }) => done).length, 3, JSON.stringify(built.map(({ done }) => done)))
  assert.equal(built.map(({ log }) => log).join(''), 'once\nsame\n')
})

test('builds of two stores in one process leave each other alone', options, async () => {
  using first = await Workshop.open()
  using second = await Workshop.open()
  const [slow, quick] = await Promise.all([
    first.build(first.context({ Dockerfile: 'FROM busybox\nRUN sleep 1; echo slow\n' })),
    second.build(second.context({ Dockerfile: 'FROM busybox\nRUN echo quick\n' })),
  ])
  assert.equal(slow.log + quick.log, 'slow\nquick\n')
})

test('what another build does is done here if that one ends without a result', options, async () => {
  const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN sleep 1; echo took over\n' })
  const controller = new AbortController()
  const first = workshop.build(context, { signal: controller.signal }).catch((error: StrakeError) => error.code)
  await setTimeout(400)
  const second = workshop.build(context)
  await setTimeout(200)
  controller.abort()
  assert.ok((await first) !== undefined)
  assert.equal((await second).log, 'took over\n')
})

test('several targets are built in one run, and what they share is done once', options, async () => {
  const context = workshop.context({
    Dockerfile: `FROM busybox AS common
RUN echo common
FROM common AS one
RUN echo one
FROM common AS two
RUN echo two
FROM common AS three
RUN echo three
`,
  })
  const built = await workshop.build(context, { target: ['two', 'one'], tags: ['last', 'two=second:tag'] })
  assert.deepEqual([...built.done].sort(), ['RUN echo common', 'RUN echo one', 'RUN echo two'])
  assert.deepEqual(
    built.images.map(({ target }) => target),
    ['two', 'one'],
  )
  assert.equal(workshop.images.find('last')?.id, built.id)
  assert.equal(workshop.images.find('second:tag')?.id, built.images[0]!.id)
  await assert.rejects(workshop.build(context, { target: ['one'], tags: ['three=x'] }), /"three" is not built/)
})

test('without cache, too, the same work is done once', options, async () => {
  const context = workshop.context({
    Dockerfile: `FROM busybox AS one
RUN echo shared > /f
FROM busybox AS two
RUN echo shared > /f
FROM scratch
COPY --from=one /f /one
COPY --from=two /f /two
`,
  })
  const { record } = await workshop.build(context, { noCache: true })
  const states = record.steps.filter(({ step }) => step?.text.startsWith('RUN')).map(({ state }) => state)
  assert.deepEqual(states.sort(), ['cached', 'done'])
})

test('a build that must find a step in the cache says why it does not', options, async () => {
  const context = workshop.context({
    Dockerfile: 'FROM busybox AS base\nARG N=1\nRUN echo $N\nFROM base AS last\nCOPY f /f\n',
    f: '1',
  })
  const refused = (message: RegExp) => (error: StrakeError) => {
    assert.equal(error.code, 'failed')
    assert.match(error.message, message)
    assert.ok(error.range)
    return true
  }
  await assert.rejects(
    workshop.build(context, { requireCache: true }),
    refused(/^step 3\/5 : RUN echo \$N is not in the cache: first build on this machine$/),
  )
  await workshop.build(context)
  await workshop.build(context, { requireCache: true })
  context.write('f', '2')
  // Another step may well be done.
  await workshop.build(context, { requireCache: ['base'] })
  context.write('f', '3')
  for (const name of ['5', 'last', 'copy f']) {
    await assert.rejects(workshop.build(context, { requireCache: [name] }), refused(/: f changed \(content\)$/))
  }
  await assert.rejects(workshop.build(context, { requireCache: ['RUN nothing'] }), /there is no such step/)
})

test('a step that fails is tried again in a new layer', options, async () => {
  const context = workshop.context({
    Dockerfile: 'FROM busybox\nRUN [ ! -e /left ] || echo dirty; touch /left; echo try; false\n',
  })
  const log: Buffer[] = []
  const progress = (event: ProgressEvent) => {
    if (event.kind === 'log' && event.stream === 'stdout') log.push(Buffer.from(event.data))
  }
  await assert.rejects(workshop.build(context, { retries: 2, progress }), /exit code: 1/)
  assert.equal(Buffer.concat(log).toString(), 'try\ntry\ntry\n')
})

test('a failed step is told of while all that it saw still stands', options, async () => {
  const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN touch /made; exit 3\n' })
  const seen: string[] = []
  const failing = workshop.build(context, {
    retries: 1,
    onFailure: async ({ command, error }) => {
      seen.push(`${command}: ${error.exitCode}`)
    },
  })
  await assert.rejects(failing, /exit code: 3/)
  // Only when there is nothing more to try.
  assert.deepEqual(seen, ['touch /made; exit 3: 3'])
})

test('a step that fails ends those beside it, and is what is told', options, async () => {
  const stages = [1, 2, 3].map((i) => `FROM busybox AS s${i}\nRUN echo >/dev/null; sleep 100 # ${i}\n`)
  const copies = [1, 2, 3].map((i) => `COPY --from=s${i} /bin/sh /f${i}\n`)
  const context = workshop.context({
    Dockerfile: `${stages.join('')}FROM busybox AS bad\nRUN sleep 0.3; exit 5\nFROM scratch\n${copies.join('')}COPY --from=bad / /\n`,
  })
  const states: string[] = []
  const progress = (event: ProgressEvent) => {
    if (event.kind === 'vertex' && event.step?.text.startsWith('RUN')) states.push(event.state)
  }
  await assert.rejects(workshop.build(context, { progress }), /exit code: 5/)
  assert.deepEqual(states.filter((state) => state !== 'started').sort(), [
    'cancelled',
    'cancelled',
    'cancelled',
    'failed',
  ])
})

test('not more steps run side by side than are allowed', options, async () => {
  const stages = [1, 2, 3, 4].map((i) => `FROM busybox AS s${i}\nRUN sleep 0.1; echo ${i} > /f\n`)
  const copies = [1, 2, 3, 4].map((i) => `COPY --from=s${i} /f /f${i}\n`)
  const context = workshop.context({ Dockerfile: `${stages.join('')}FROM scratch\n${copies.join('')}` })
  let running = 0
  let most = 0
  const progress = (event: ProgressEvent) => {
    if (event.kind !== 'vertex' || !event.step?.text.startsWith('RUN')) return
    running += event.state === 'started' ? 1 : -1
    most = Math.max(most, running)
  }
  await workshop.build(context, { maxParallelism: 2, progress })
  assert.equal(most, 2)
})

test('builds leave records with the whole log, a profile and a trace', options, async () => {
  const { store } = workshop
  const context = workshop.context({
    Dockerfile: 'FROM busybox\nCOPY f /f\nRUN seq 1 100000\nRUN sleep 0.2; exit 4\n',
    f: 'x'.repeat(1000),
  })
  let record: BuildRecord | undefined
  const onRecord = (ended: BuildRecord) => {
    record = ended
  }
  await assert.rejects(workshop.build(context, { onRecord, tags: ['records'] }))
  assert.deepEqual(findBuild(store), record)
  assert.deepEqual(findBuild(store, record!.id.slice(0, 8)), record)
  assert.deepEqual(listBuilds(store)[0], record)
  const { steps, status, error, tags, logBytes } = record!
  assert.deepEqual([status, tags], ['failed', ['records']])
  assert.match(error!.message, /exit code: 4/)
  const [copy, sequence, failed] = steps.slice(-3)
  assert.deepEqual([copy!.read, copy!.written], [1000, 1000])
  assert.equal(failed!.state, 'failed')
  assert.equal(missText(copy!.miss!), 'first build on this machine')
  const log = buildLog(store, record!.id, sequence!.id)!
  assert.equal(log.length, sequence!.logBytes)
  assert.equal(log.length, logBytes)
  assert.ok(log.toString().startsWith('1\n2\n') && log.toString().endsWith('\n100000\n'))

  const { criticalPath, read, written } = profileOf(record!)
  assert.equal(criticalPath.at(-1), failed)
  assert.deepEqual([read, written], [1000, 1000])
  const [resource] = JSON.parse(traceOf(record!, 'otlp')).resourceSpans
  const [{ spans }] = resource.scopeSpans
  assert.equal(spans.length, steps.length + 1)
  for (const span of spans) {
    assert.match(span.spanId, /^[0-9a-f]{16}$/)
    assert.match(span.traceId, /^[0-9a-f]{32}$/)
    assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano))
  }
  assert.equal(JSON.parse(traceOf(record!, 'chrome')).traceEvents.length, steps.length + 2)

  removeBuilds(store, [record!])
  assert.equal(existsSync(join(store.root, 'builds', record!.id)), false)
  assert.throws(() => findBuild(store, record!.id), { code: 'not_found' })
})

test('accounts of steps go when they are old and their record is gone', options, async () => {
  const { store } = workshop
  const context = workshop.context({ Dockerfile: 'FROM busybox\nCOPY old /old\n', old: '1' })
  await workshop.build(context)
  const count = () => store.db.prepare(`SELECT count(*) AS n FROM steps WHERE text = 'COPY old /old'`).get()!.n
  forgetSteps(store, Date.now() + 1000)
  assert.equal(count(), 1)
  store.db.exec(`DELETE FROM cache WHERE description = 'COPY old /old'`)
  forgetSteps(store, Date.now() - 60_000)
  assert.equal(count(), 1)
  forgetSteps(store, Date.now() + 1000)
  assert.equal(count(), 0)
})

test('a graph from code gives the image that it describes', options, async () => {
  const { store, images } = workshop
  const { copy, image, local, makeDirectory, merge, remove, run, scratch, writeFile } = graph
  const context = workshop.context({ 'sub/file': 'local\n' })
  const base = image('busybox')
  const made = run(
    copy(base, local(context.path), { sources: ['sub'], to: '/src/' }),
    'cat /src/file > /out; rm -r /src',
    {
      network: 'none',
      env: { A: '1' },
    },
  )
  const merged = merge([
    writeFile(scratch, '/a', 'first\n'),
    writeFile(makeDirectory(scratch, '/dir'), '/a', 'second\n', { chmod: '600' }),
  ])
  const top = remove(copy(merged, made, { sources: ['/out'], to: '/bin/' }), '/dir')
  const build = () =>
    buildGraph(store, images, { filesystem: top, options: { config: { Cmd: ['/a'] }, tags: ['graph'], ca: 'none' } })
  const { id, steps, cached } = await build()
  assert.equal(cached, 0)
  const { config, history } = images.config(images.get(id))
  assert.deepEqual(config, { Cmd: ['/a'] })
  assert.deepEqual(
    history?.map(({ created_by }) => created_by),
    ['write-file /a', 'merge', 'copy /out /bin/', 'remove /dir'],
  )
  const [removed, copied, both] = store.snapshots.stack(images.get(id).snapshot)
  assert.ok(lstatSync(join(removed!, 'dir')).isCharacterDevice())
  assert.ok(lstatSync(join(copied!, 'bin/out')).isFile())
  assert.equal(lstatSync(join(both!, 'a')).mode & 0o777, 0o600)
  const again = await build()
  assert.equal(again.steps, steps)
  assert.ok(again.cached > 0)
  assert.equal(again.id, id)
  await assert.rejects(
    buildGraph(store, images, { filesystem: remove(base, 'relative'), options: {} }),
    /not an absolute path/,
  )
})
