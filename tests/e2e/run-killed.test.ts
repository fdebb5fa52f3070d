import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { notRoot, Sandbox } from './harness.ts'

describe('strake run, killed', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  it('leaves a container that can be looked at and removed, whenever it is killed', async () => {
    for (let i = 0; i < 20; i++) {
      const name = `killed-${i}`
      const { child, done } = box.start(['run', '--name', name, '-p', '80', 'busybox', 'sleep', '1000'])
      await sleep(i * 20)
      child.kill('SIGKILL')
      await done
      const state = await box.ok(['ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.State}}'])
      assert.match(state, /^(|created|running|exited)$/)
      if (state) await box.ok(['rm', '-f', name])
      assert.equal(await box.ok(['run', '--rm', '--name', name, 'busybox', 'echo', 'again']), 'again')
    }
    assert.equal(await box.ok(['ps', '-aq']), '')
    assert.deepEqual(readdirSync(join(box.root, 'containers')), [])
    await box.ok(['system', 'check'])
  })

  it('goes on, and its end is recorded by conmon', async () => {
    const { child, done } = box.start(['run', '--rm', '--name', 'alone', 'busybox', 'sleep', '2'])
    let id = ''
    while (!id) id = await box.ok(['ps', '-q', '--no-trunc'])
    child.kill('SIGKILL')
    await done
    assert.match(id, /^[0-9a-f]{64}$/)
    for (let i = 0; i < 300 && existsSync(join(box.root, 'containers', id)); i++) await sleep(100)
    assert.ok(!existsSync(join(box.root, 'containers', id)))
    assert.equal(await box.ok(['ps', '-aq']), '')
  })
})
