import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { examples, notRoot, Sandbox } from './harness.ts'

it('the library builds, runs and stops as its example does', { skip: notRoot }, async () => {
  await using box = new Sandbox()
  const example = join(examples, 'library/build-and-run.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [example], {
    env: { ...process.env, STRAKE_ROOT: box.root },
  })
  assert.match(stdout, /^done {4}\[2\/3\] COPY index\.html/m)
  assert.match(stdout, /^<h1>Hello from the library<\/h1>\nbuilt at /m)
  assert.match(stdout, /^ended with \d+$/m)
  assert.equal(await box.ok(['ps', '-aq']), '')
})
