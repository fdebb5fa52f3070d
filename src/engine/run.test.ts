import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asRoot, type TestContext, testContext } from '../containers/testing.ts'
import { type Engine, inspect, logs, ps, run, start } from './mod.ts'

let context: TestContext
let engine: Engine
before(() => {
  if (asRoot.skip) return
  context = testContext()
  engine = { ...context, [Symbol.dispose]() {} }
})
after(async () => await context?.[Symbol.asyncDispose]())

const box = { image: 'box', network: 'none' }

test('a container is run, read and waited for', asRoot, async () => {
  const running = await run(engine, {
    ...box,
    command: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
    autoRemove: true,
  })
  const text = { stdout: '', stderr: '' }
  for await (const { stream, data } of running.output()) text[stream] += Buffer.from(data).toString()
  assert.deepEqual(text, { stdout: 'out\n', stderr: 'err\n' })
  assert.equal(await running.wait(), 3)
  assert.deepEqual(await ps(engine, { all: true }), [])
})

test('a signal stops it', asRoot, async () => {
  const controller = new AbortController()
  const script = 'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done'
  const running = await run(engine, {
    ...box,
    command: ['sh', '-c', script],
    signal: controller.signal,
    autoRemove: true,
  })
  for await (const { data } of running.output()) if (Buffer.from(data).includes('up')) controller.abort()
  assert.equal(await running.wait(), 5)
})

test('what can not be started is gone with autoRemove', asRoot, async () => {
  await assert.rejects(run(engine, { ...box, command: ['no-such-program'], autoRemove: true }), { exitCode: 127 })
  assert.deepEqual(await ps(engine, { all: true }), [])
})

test('a second start is read from its own beginning, logs give both', asRoot, async () => {
  const first = await run(engine, { ...box, name: 'twice', command: ['echo', 'hello'] })
  await first.wait()
  const second = await start(engine, 'twice')
  const chunks = await Array.fromAsync(second.output())
  assert.equal(Buffer.concat(chunks.map(({ data }) => data)).toString(), 'hello\n')
  await second.wait()
  const entries = (await Array.fromAsync(logs(engine, 'twice', { follow: true }))).flat()
  assert.equal(entries.length, 2)
  assert.equal((await Array.fromAsync(logs(engine, 'twice', { tail: 1 }))).flat().length, 1)
  const { objects } = await inspect(engine, { names: ['twice'] })
  const [{ Name, State }] = objects as [{ Name: string; State: { Status: string } }]
  assert.deepEqual([Name, State.Status], ['/twice', 'exited'])
})

test('filters choose', asRoot, async () => {
  const running = await run(engine, { ...box, name: 'wanted', command: ['sleep', '100'], labels: { of: 'test' } })
  const names = async (...filters: string[]) => (await ps(engine, { filters })).map(({ name }) => name)
  assert.deepEqual(await names(), ['wanted'])
  assert.deepEqual(await names('label=of=test', 'name=^wan', 'status=running', 'ancestor=box'), ['wanted'])
  assert.deepEqual(await names('status=exited'), ['twice'])
  assert.deepEqual(await names('exited=0'), ['twice'])
  assert.deepEqual(await names('label=other'), [])
  await assert.rejects(names('status=what'), { code: 'invalid' })
  await assert.rejects(names('name=['), { code: 'invalid' })
  await assert.rejects(names('what=x'), { code: 'invalid' })
  await running.stop({ timeout: 0 })
  assert.equal(await running.wait(), 137)
})
