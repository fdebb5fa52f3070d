import assert from 'node:assert/strict'
import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { examples, executed, freePort, notRoot, page, Sandbox } from './harness.ts'

describe('the Node.js example', { skip: notRoot }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.debian()
  })
  after(() => box?.[Symbol.asyncDispose]())

  it('installs from npm, serves as nobody, stops at once, and keeps the packages when the code changes', async () => {
    const context = join(box.dir, 'node')
    cpSync(join(examples, 'node'), context, { recursive: true })
    await box.ok(['build', '-t', 'hello-express', context])

    const port = await freePort()
    await box.ok(['run', '-d', '--name', 'express', '-p', `127.0.0.1:${port}:3000`, 'hello-express'])
    assert.match(await page(`http://127.0.0.1:${port}/`), /Hello from Node\.js v\d+/)
    assert.equal(await box.ok(['exec', 'express', 'id', '-un']), 'nobody')
    assert.match(await box.ok(['logs', 'express']), /Listening on port 3000/)
    await box.ok(['stop', 'express'])
    assert.equal(await box.ok(['wait', 'express']), '0')

    appendFileSync(join(context, 'server.js'), '\n// changed\n')
    const changed = await box.run(['build', '-t', 'hello-express', context])
    assert.equal(changed.code, 0, changed.stderr)
    assert.deepEqual(executed(changed), ['COPY . .'])
  })
})
