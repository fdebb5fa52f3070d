import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { executed, notRoot, Sandbox, steps, until } from './harness.ts'

const skip = notRoot
const plain = ['build', '--progress', 'plain', '--network', 'none', '--ca', 'none']

it('a build says why steps were not cached, then and later', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const context = box.context({
    Dockerfile: 'FROM busybox\nARG VERSION=1.2\nRUN echo $VERSION\nCOPY src /src\n',
    'src/app.py': '1',
    'src/other.py': '1',
  })
  await box.ok([...plain, context])
  const { stderr } = await box.run([...plain, '--explain', '--build-arg', 'VERSION=1.3', context])
  assert.match(stderr, /^Step 3\/4 : RUN echo \$VERSION\n ---> Not cached: ARG VERSION: 1\.2 → 1\.3$/m)
  assert.match(await box.ok(['build', 'explain']), /^ ---> Not cached: ARG VERSION: 1\.2 → 1\.3$/m)
  // Without being asked it keeps quiet.
  const quiet = await box.run([...plain, '--build-arg', 'VERSION=1.4', context])
  assert.doesNotMatch(quiet.stderr, /Not cached/)
  const failed = await box.run([...plain, '--require-cache=RUN echo', '--build-arg', 'VERSION=1.5', context])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /is not in the cache: ARG VERSION: 1\.4 → 1\.5$/m)
  assert.match(failed.stderr, /^Dockerfile:3:1$/m)

  const listed = (await box.ok(['build', 'history', 'ls', '--format', '{{.Status}} {{.Cached}} {{.Name}}'])).split('\n')
  assert.equal(listed.length, 4)
  assert.match(listed[0]!, /^Error 1\/2 context-1$/)
  // RUN echo leaves nothing: COPY stands on the same content again.
  assert.match(listed[1]!, /^Completed 2\/3 context-1$/)
  const record = JSON.parse(await box.ok(['builder', 'history', 'inspect', '--format', 'json', '^1']))
  assert.equal(record.steps.find((step: { miss?: object }) => step.miss).miss.kind, 'values')
  assert.match(await box.ok(['buildx', 'history', 'inspect', record.id.slice(0, 6)]), /^Status: +Completed$/m)
  assert.equal(await box.ok(['build', 'history', 'logs', '--step', '3', '^1']), '1.4')
  assert.equal(await box.ok(['build', 'history', 'rm', record.id]), record.id)
  assert.equal((await box.run(['build', 'history', 'inspect', record.id])).code, 1)
  await box.ok(['build', 'history', 'rm', '--all'])
  assert.equal(await box.ok(['build', 'history', 'ls', '-q']), '')
})

it('a folder that is called history is built', { skip }, async () => {
  await using box = new Sandbox()
  const dir = box.context({ 'history/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n' })
  const { stderr, code } = await box.run(['build', 'history'], { cwd: dir })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^Successfully built /m)
})

it('a build shows where its time went and writes a trace', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const context = box.context({ Dockerfile: 'FROM busybox\nRUN sleep 0.2\n' })
  const trace = join(box.dir, 'trace.json')
  const { stderr } = await box.run([...plain, '--profile', '--trace', `${trace},format=chrome`, context])
  assert.match(stderr, /^\* 0\.\ds +- +- +\[2\/2\] RUN sleep 0\.2$/m)
  assert.match(stderr, /^\* critical path: 0\.\ds of /m)
  const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'))
  assert.ok(traceEvents.some(({ name }: { name: string }) => name === '[2/2] RUN sleep 0.2'))
  assert.equal((await box.run(['build', '--trace', 'x,format=other', context])).code, 1)
})

it('processes that share a store do the same step once', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const context = box.context({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 1.5; echo ended\n' })
  const first = box.start([...plain, context])
  await until(() => first.output.stderr.includes('begun'))
  const second = box.start([...plain, context])
  const results = await Promise.all([first.done, second.done])
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
  )
  assert.equal(executed(results[0]!).length, 1)
  assert.equal([...steps(results[1]!).values()].at(-1), 'cached')
})

it('a process whose step was killed is relieved by the one that waits for it', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const context = box.context({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 1; echo ended\n' })
  const first = box.start([...plain, context])
  await until(() => first.output.stderr.includes('begun'))
  const second = box.start([...plain, context])
  await until(() => second.output.stderr.includes('Step 2/2'))
  first.child.kill('SIGKILL')
  await first.done
  const { code, stderr } = await second.done
  assert.equal(code, 0)
  assert.match(stderr, /^begun\nended$/m)
  assert.match(await box.ok(['build', 'history', 'ls', '--filter', 'status=killed']), / Killed /)
})

it('a shell opens in the state of a failed step, also where the image has none', { skip }, async () => {
  await using box = new Sandbox()
  await box.busybox()
  const failing = box.context({
    Dockerfile: 'FROM busybox\nENV COLOR=red\nWORKDIR /work\nUSER 7\nRUN touch /tmp/made; exit 5\n',
  })
  const shell = await box.run([...plain, '--on-error=shell', failing], {
    input: 'ls /tmp; echo $COLOR; pwd; id -u; exit 9\n',
  })
  assert.equal(shell.stdout, 'made\nred\n/work\n7\n')
  assert.equal(shell.code, 1)
  assert.match(shell.stderr, /^A shell in the state of the step that failed: RUN touch \/tmp\/made; exit 5$/m)

  const bare = box.context({ Dockerfile: 'FROM scratch\nCOPY data /data\nRUN ["/none"]\n', data: 'kept\n' })
  const brought = await box.run([...plain, '--on-error=shell', bare], { input: 'cat /data\nexit\n' })
  assert.equal(brought.stdout, 'kept\n')
  assert.equal(brought.code, 1)
})
