import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findProgram } from '../host/mod.ts'
import { findInit } from './init.ts'
import {
  createContainer,
  currentContainer,
  execInContainer,
  findContainer,
  hasStarted,
  killContainer,
  listContainers,
  openInput,
  places,
  readLog,
  removeContainer,
  restartContainer,
  startContainer,
  stopContainer,
  waitContainer,
} from './mod.ts'
import { setState } from './records.ts'
import { asRoot, type TestContext, testContext } from './testing.ts'
import type { Container, CreateOptions } from './types.ts'

const noInit = findInit() === undefined && 'needs an init'
const noRunc = findProgram('runc') === undefined && 'needs runc'

let context: TestContext
before(() => {
  if (!asRoot.skip) context = testContext()
})
after(async () => await context?.[Symbol.asyncDispose]())

const create = (script: string, options: Partial<CreateOptions> = {}) =>
  createContainer(context, { image: 'box', network: 'none', command: ['sh', '-c', script], ...options })

async function run(script: string, options: Partial<CreateOptions> = {}): Promise<Container> {
  const container = create(script, options)
  const started = await startContainer(context, container)
  started?.release()
  return await currentContainer(context, container.id)
}

async function output(id: string): Promise<{ stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' }
  for await (const entries of readLog(places(context.store, id).log)) {
    for (const { stream, data } of entries) text[stream] += Buffer.from(data).toString()
  }
  return text
}

/** Runs it to its end, and gives what it has written; it is removed. */
async function result(script: string, options: Partial<CreateOptions> = {}) {
  const { id } = await run(script, options)
  const exitCode = await waitContainer(context, id)
  const { stdout, stderr } = await output(id)
  await removeContainer(context, id, { volumes: true })
  return { exitCode, stdout, stderr }
}

/** Waits until the container has written something. */
async function written(id: string, text: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if ((await output(id)).stdout.includes(text)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`it has not written ${text}`)
}

test('output and exit code are kept, and nothing is left after its removal', asRoot, async () => {
  const { id, name } = await run('echo out; echo err >&2; printf part; exit 3')
  assert.equal(await waitContainer(context, id), 3)
  assert.deepEqual(await output(id), { stdout: 'out\npart', stderr: 'err\n' })
  const { state, snapshot } = await currentContainer(context, name)
  assert.ok(state.kind === 'exited' && state.exitCode === 3 && state.finishedAt >= state.startedAt)
  await removeContainer(context, name)
  const { directory, runtimeState, exitFile, lock } = places(context.store, id)
  for (const path of [directory, runtimeState, exitFile, lock]) assert.ok(!existsSync(path), path)
  assert.throws(() => context.store.snapshots.get(snapshot!), { code: 'not_found' })
  assert.ok(!existsSync(`/sys/fs/cgroup/pids/strake/${id}`))
})

test('nothing that a quick one writes is lost', asRoot, async () => {
  const { stdout } = await result('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done')
  assert.equal(stdout, Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join(''))
})

test('files stay from one start to the next, and so does the log', asRoot, async () => {
  const { id } = await run('cat /kept 2>/dev/null; echo more >> /kept')
  await waitContainer(context, id)
  await startContainer(context, findContainer(context, id))
  assert.equal(await waitContainer(context, id), 0)
  await restartContainer(context, id)
  await waitContainer(context, id)
  assert.equal((await output(id)).stdout, 'more\nmore\nmore\n')
  await removeContainer(context, id)
})

test('stop asks, then kills; kill sends what it is told', asRoot, async () => {
  const polite = await run('trap "echo asked; exit 5" TERM; echo up; while :; do sleep 0.05; done')
  await written(polite.id, 'up')
  await stopContainer(context, polite.id)
  assert.equal(await waitContainer(context, polite.id), 5)
  const deaf = await run('trap "" TERM; echo up; while :; do sleep 0.05; done')
  await written(deaf.id, 'up')
  await stopContainer(context, deaf.id, { timeout: 0 })
  assert.equal(await waitContainer(context, deaf.id), 137)
  const other = await run('trap "exit 6" USR1; echo up; while :; do sleep 0.05; done')
  await written(other.id, 'up')
  await killContainer(context, other.id, 'USR1')
  assert.equal(await waitContainer(context, other.id), 6)
  await assert.rejects(killContainer(context, other.id), { code: 'conflict' })
  await stopContainer(context, other.id)
  for (const { id } of [polite, deaf, other]) await removeContainer(context, id)
})

test('a running one is only removed by force', asRoot, async () => {
  const { id, name } = await run('sleep 100')
  await assert.rejects(removeContainer(context, name), { code: 'conflict', hint: /Stop the container/ })
  await removeContainer(context, name, { force: true })
  await assert.rejects(removeContainer(context, id), { code: 'not_found', message: `No such container: ${id}` })
})

test('names are unique, ids may be cut short', asRoot, async () => {
  const first = create('true', { name: 'first' })
  assert.throws(() => create('true', { name: 'first' }), {
    code: 'conflict',
    message: `Conflict. The container name "/first" is already in use by container "${first.id}". You have to remove (or rename) that container to be able to reuse that name.`,
  })
  assert.throws(() => create('true', { name: 'a b' }), { code: 'invalid' })
  assert.throws(() => create('true', { image: 'none' }), { code: 'not_found' })
  assert.throws(() => create('true', { platform: { os: 'linux', architecture: 's390x' } }), { code: 'not_found' })
  assert.equal(findContainer(context, first.id.slice(0, 5)).name, 'first')
  assert.equal(findContainer(context, '/first').id, first.id)
  assert.throws(() => findContainer(context, 'firts'), { message: 'No such container: firts', hint: /first/ })
  await removeContainer(context, 'first')
})

test('what can not be started says so as docker does, and stays', asRoot, async () => {
  for (const [command, exitCode] of [
    ['no-such-program', 127],
    ['/etc', 126],
  ] as const) {
    const container = createContainer(context, { image: 'box', network: 'none', command: [command] })
    await assert.rejects(startContainer(context, container), { code: 'failed', exitCode })
    const { state } = await currentContainer(context, container.id)
    assert.ok(state.kind === 'created' && state.exitCode === exitCode && state.error, JSON.stringify(state))
    await removeContainer(context, container.id)
  }
})

test('a program that the kernel refuses says so as docker does', { skip: asRoot.skip || noRunc }, async () => {
  context.addImage('refused', {}, (root) => {
    writeFileSync(join(root, 'format'), 'no program\n', { mode: 0o755 })
    writeFileSync(join(root, 'script'), '#!/bin/nope\n', { mode: 0o755 })
  })
  for (const [program, error] of [
    ['/format', 'exec /format: exec format error'],
    ['/script', 'exec /script: no such file or directory'],
  ] as const) {
    const container = createContainer(context, { image: 'refused', network: 'none', command: [program] })
    const started = await startContainer(context, container)
    started?.release()
    assert.notEqual(await waitContainer(context, container.id), 0)
    assert.equal((await output(container.id)).stderr.trim(), error)
    await removeContainer(context, container.id)
  }
})

test('with autoRemove it goes when it ends, and all who wait learn the exit code', asRoot, async () => {
  const { id } = await run('sleep 0.3; exit 4', { autoRemove: true, volumes: ['/data'] })
  assert.deepEqual(await Promise.all([waitContainer(context, id), waitContainer(context, id)]), [4, 4])
  assert.throws(() => findContainer(context, id), { code: 'not_found' })
  assert.deepEqual(context.store.db.prepare('SELECT name FROM volumes').all(), [])
})

test('without conmon a container has ended', asRoot, async () => {
  const { id, state } = await run('sleep 100')
  assert.ok(state.kind === 'running')
  process.kill(Number.parseInt(state.monitor, 10), 'SIGKILL')
  assert.equal(await waitContainer(context, id), 137)
  assert.ok(!existsSync(`/proc/${Number.parseInt(state.process, 10)}/root/bin`))
  await startContainer(context, findContainer(context, id))
  assert.ok(hasStarted(await currentContainer(context, id)))
  await removeContainer(context, id, { force: true })
})

test('exec and the end go to the runtime that made it, whichever is preferred by then', asRoot, async () => {
  const { id } = await run('sleep 100')
  process.env.STRAKE_RUNTIME = '/bin/false'
  try {
    assert.equal(await execInContainer(context, id, { command: ['true'] }), 0)
    await killContainer(context, id, 'SIGKILL')
    assert.equal(await waitContainer(context, id), 137)
  } finally {
    delete process.env.STRAKE_RUNTIME
  }
  await removeContainer(context, id)
})

test('an init is the first process, and passes signals on', { skip: asRoot.skip || noInit }, async () => {
  const { id } = await run('trap "echo got it; exit 3" TERM; cat /proc/1/cmdline; while :; do sleep 0.1; done', {
    init: true,
  })
  await written(id, 'docker-init')
  await killContainer(context, id, 'SIGTERM')
  assert.equal(await waitContainer(context, id), 3)
  assert.match((await output(id)).stdout, /^\/sbin\/docker-init\0--\0sh\0.*got it\n$/s)
  await removeContainer(context, id)
})

test('after a restart of the machine nothing runs', asRoot, async () => {
  const container = create('true')
  const [process, monitor] = ['1.1', '2.1']
  setState(context, container, { kind: 'running', process, monitor, boot: 'another', startedAt: 1 })
  const { state } = await currentContainer(context, container.id)
  assert.ok(state.kind === 'exited' && state.exitCode === 255)
  await removeContainer(context, container.id)
})

test('a removal that was cut short can be finished, and is not started', asRoot, async () => {
  const container = create('true')
  setState(context, container, { kind: 'removing' })
  await assert.rejects(startContainer(context, container), { code: 'conflict' })
  await removeContainer(context, container.id)
  assert.equal(
    (await listContainers(context)).some(({ id }) => id === container.id),
    false,
  )
})

test('two who start it at once start it once', asRoot, async () => {
  const container = create('echo started; sleep 100')
  const both = await Promise.all([startContainer(context, container), startContainer(context, container)])
  assert.equal(both.filter(Boolean).length, 1)
  await removeContainer(context, container.id, { force: true })
})

test('standard input reaches it whole, and its end', asRoot, async () => {
  const container = create('wc -c; echo done', { interactive: true, stdinOnce: true })
  const started = await startContainer(context, container)
  using input = openInput(context, started!.container)
  assert.equal(await input.write(Buffer.alloc(1_000_001, 'x')), true)
  input.end()
  await started!.ended
  assert.equal((await output(container.id)).stdout, '1000001\ndone\n')
  await removeContainer(context, container.id)
})

test('exec joins it with its environment', asRoot, async () => {
  const { id } = await run('sleep 100', { env: ['FROM=container'], workdir: '/tmp' })
  const exec = async (command: string[], options = {}) => {
    let text = ''
    const onOutput = (stream: string, chunk: Buffer) => {
      text += `${stream === 'stdout' ? '' : '!'}${chunk}`
    }
    const exitCode = await execInContainer(context, id, { command, onOutput, ...options })
    return { exitCode, text }
  }
  assert.deepEqual(await exec(['sh', '-c', 'echo $FROM $MORE $PWD; exit 7'], { env: ['MORE=1'] }), {
    exitCode: 7,
    text: 'container 1 /tmp\n',
  })
  assert.deepEqual(await exec(['sh', '-c', 'echo exec failed: really >&2']), {
    exitCode: 0,
    text: '!exec failed: really\n',
  })
  assert.equal((await exec(['id', '-u'], { user: '12:34' })).text, '12\n')
  await assert.rejects(exec(['no-such-program']), {
    code: 'failed',
    exitCode: 127,
    message: /^OCI runtime exec failed/,
  })
  await assert.rejects(exec(['id'], { user: 'nobody-knows' }), { code: 'invalid' })
  assert.equal((await exec(['sh', '-c', 'echo made > /made'], { detach: true })).exitCode, 0)
  await killContainer(context, id)
  await assert.rejects(exec(['true']), { code: 'conflict' })
  await removeContainer(context, id)
})

test('a new volume gets what the image has, and keeps what is written', asRoot, async () => {
  context.addImage('data', { Volumes: { '/data': {} } }, (root) => {
    mkdirSync(join(root, 'data/sub'), { recursive: true, mode: 0o750 })
    writeFileSync(join(root, 'data/sub/file'), 'of the image')
  })
  const image = { image: 'data', volumes: ['kept:/data'] }
  assert.equal(
    (await result('cat /data/sub/file; stat -c %a /data; echo new > /data/sub/file', image)).stdout,
    'of the image750\n',
  )
  assert.equal((await result('cat /data/sub/file', image)).stdout, 'new\n')
  assert.equal((await result('touch /data/x', { image: 'data', volumes: ['kept:/data:ro'] })).exitCode, 1)
  assert.equal((await result('cat /data/sub/file', { image: 'data' })).stdout, 'of the image')
  const volumes = context.store.db.prepare('SELECT name FROM volumes').all()
  assert.deepEqual(
    volumes.map(({ name }) => name),
    ['kept'],
  )
})

test('a link in an image does not lead a volume out of it', asRoot, async () => {
  context.addImage('link', {}, (root) => {
    mkdirSync(join(root, 'var'))
    // Seen from the host, it would be a folder of the host.
    writeFileSync(join(root, 'var/passwd'), 'of the image')
    symlinkSync('/var', join(root, 'linked'))
  })
  const { stdout } = await result('ls /linked', { image: 'link', volumes: ['linked:/linked'] })
  assert.equal(stdout, 'passwd\n')
})

test('files for names are made, and own ones may be mounted instead', asRoot, async () => {
  const { stdout } = await result('hostname; cat /etc/hostname; grep -c localhost /etc/hosts; grep two /etc/hosts', {
    hostname: 'one',
    addHosts: ['two:1.2.3.4'],
  })
  assert.equal(stdout, 'one\none\n2\n1.2.3.4\ttwo\n')
  const own = join(context.root, 'hosts')
  writeFileSync(own, '9.9.9.9 own\n')
  assert.equal((await result('cat /etc/hosts', { volumes: [`${own}:/etc/hosts`] })).stdout, '9.9.9.9 own\n')
  assert.equal(readFileSync(own, 'utf8'), '9.9.9.9 own\n')
})

test('one that takes too much memory is killed, and its state says why', asRoot, async () => {
  const { id } = await run('tail /dev/zero; exit 1', { memory: 16 * 1024 * 1024 })
  await waitContainer(context, id)
  const { state } = await currentContainer(context, id)
  assert.ok(state.kind === 'exited' && state.oomKilled, JSON.stringify(state))
  await removeContainer(context, id)
})

test('many run side by side', asRoot, async () => {
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, i) => result(`echo ${i}; exit ${i}`, { network: 'bridge', publish: ['80'] })),
  )
  assert.deepEqual(
    all,
    Array.from({ length: 8 }, (_, i) => ({ exitCode: i, stdout: `${i}\n`, stderr: '' })),
  )
  const owners = context.store.db.prepare("SELECT owner FROM endpoints WHERE owner <> 'gateway'").all()
  assert.deepEqual(owners, [])
})
