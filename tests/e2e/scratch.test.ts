import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readArchive } from '../support/archive.ts'
import { examples, freePort, notRoot, page, Sandbox } from './harness.ts'

describe('the multi-stage example', { skip: notRoot }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.debian()
  })
  after(() => box?.[Symbol.asyncDispose]())

  it('serves from an image that holds one file', async () => {
    await box.ok(['build', '-t', 'hello-scratch', join(examples, 'scratch-c')])
    const port = await freePort()
    const id = await box.ok(['run', '-d', '-p', `${port}:8080`, 'hello-scratch'])
    assert.equal(await page(`http://localhost:${port}/`), 'Hello from scratch!\n')
    await box.ok(['stop', id])
    assert.equal(await box.ok(['wait', id]), '0')

    const archive = join(box.dir, 'image.tar')
    await box.ok(['save', '-o', archive, 'hello-scratch'])
    const { layers } = readArchive(readFileSync(archive))
    assert.deepEqual(
      layers.map((layer) => layer.map(({ path, mode }) => [path, mode])),
      [[['server', 0o755]]],
    )
  })
})
