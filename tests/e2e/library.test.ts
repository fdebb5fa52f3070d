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
    env: { ...process.env, ...box.env, STRAKE_ROOT: box.root },
  })
  assert.match(stdout, /^done {4}\[2\/3\] COPY index\.html/m)
  assert.match(stdout, /^<h1>Hello from the library<\/h1>\nbuilt at /m)
  assert.match(stdout, /^ended with \d+$/m)
  assert.equal(await box.ok(['ps', '-aq']), '')
})

it('a graph of steps is written in TypeScript', { skip: notRoot }, async () => {
  await using box = new Sandbox()
  const example = join(examples, 'library/graph.ts')
  const build = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [example], {
      env: { ...process.env, ...box.env, STRAKE_ROOT: box.root },
    })
    return stdout
  }
  const first = await build()
  // The common part is done once for all three.
  assert.equal(first.match(/^done .*run echo compiled/gm)?.length, 1)
  assert.match(first, /^variant-de: 0 of \d+ steps from the cache$/m)
  assert.match(first, /^variant-en: [1-9]\d* of \d+ steps from the cache$/m)
  const second = await build()
  assert.doesNotMatch(second, /^done .*\b(?:run|copy|write-file)\b/m)
  assert.equal(await box.ok(['run', '--rm', '--network', 'none', 'variant-fr']), 'Bonjour\ncompiled')
})
