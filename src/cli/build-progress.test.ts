import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildResult } from '../engine/mod.ts'
import type { CheckEvent } from '../lib/mod.ts'
import { type Digest, parseReference } from '../oci/mod.ts'
import { showBuild } from './build-progress.ts'
import type { Terminal } from './command.ts'

const id = `sha256:${'a'.repeat(64)}` as Digest
const result: BuildResult = {
  id,
  images: [{ target: undefined, platform: { os: 'linux', architecture: 'amd64' }, id }],
  kept: true,
  exported: [],
  steps: 1,
  cached: 0,
}
const check: CheckEvent = {
  kind: 'check',
  rule: 'Rule',
  message: 'something',
  description: 'what it is about',
  url: 'https://example.com',
  range: { file: 'Dockerfile', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } },
}

/** What a build writes that warns of something, has a step with output and makes an image. */
function shown(progress: string | undefined, { quiet, env = {} }: { quiet?: boolean; env?: NodeJS.ProcessEnv } = {}) {
  const written = { out: '', err: '' }
  const write = (to: keyof typeof written) => (text: string | Uint8Array) => {
    written[to] += Buffer.from(text as string)
  }
  const terminal = {
    out: write('out'),
    err: write('err'),
    outIsTerminal: false,
    errIsTerminal: false,
    color: (_: string, text: string) => text,
    env,
  } as unknown as Terminal
  {
    using view = showBuild(terminal, { progress, quiet })
    const vertex = {
      kind: 'vertex',
      id: 'v1',
      name: '[1/1] RUN x',
      step: { index: 1, total: 1, text: 'RUN x' },
    } as const
    view.sink(check)
    view.sink({ ...vertex, state: 'started', at: 0 })
    view.sink({ kind: 'log', vertex: 'v1', stream: 'stdout', data: Buffer.from('output\n') })
    view.sink({ ...vertex, state: 'done', at: 0 })
    view.end(result, [parseReference('app')], [{ kind: 'local', dest: 'out' }])
  }
  return written
}

test('people see steps, the result and the warnings', () => {
  for (const written of [shown('plain'), shown(undefined), shown('auto', { env: { BUILDKIT_PROGRESS: 'plain' } })]) {
    assert.equal(written.out, '')
    assert.match(
      written.err,
      /^Step 1\/1 : RUN x\noutput\nSuccessfully built a{12}\nSuccessfully tagged app:latest\nSuccessfully exported to out\n/,
    )
    assert.match(written.err, /1 warning found .*\n - Rule: something \(line 1\)\n$/)
  }
})

test('quiet is the id alone, none is nothing', () => {
  for (const written of [
    shown('quiet'),
    shown('auto', { quiet: true, env: { BUILDKIT_PROGRESS: 'rawjson' } }),
    shown('auto', { env: { BUILDKIT_PROGRESS: 'quiet' } }),
  ]) {
    assert.deepEqual(written, { out: `${id}\n`, err: '' })
  }
  assert.deepEqual(shown('none'), { out: '', err: '' })
})

test('programs get lines of JSON alone', () => {
  for (const written of [shown('rawjson'), shown('auto', { env: { BUILDKIT_PROGRESS: 'rawjson' } })]) {
    assert.equal(written.out, '')
    const lines = written.err.split('\n')
    assert.equal(lines.pop(), '')
    const read = lines.map((line) => JSON.parse(line))
    const told = read.flatMap(({ statuses = [] }) => statuses).map((status: { id: string }) => status.id)
    assert.deepEqual(told, [`writing image ${id}`, 'naming to docker.io/library/app:latest'])
    assert.equal(read.flatMap(({ warnings = [] }) => warnings).length, 1)
  }
})

test('what contradicts itself is refused', () => {
  assert.throws(() => shown('plain', { quiet: true }), {
    code: 'invalid',
    message: 'progress=plain and quiet cannot be used together',
  })
  assert.throws(() => shown('auto', { env: { BUILDKIT_PROGRESS: 'loud' } }), { message: 'invalid progress mode loud' })
})
