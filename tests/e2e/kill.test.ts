import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { notRoot, Sandbox } from './harness.ts'

const steps = (name: string) =>
  [
    'FROM busybox AS tools',
    `RUN echo ${name} > /tool`,
    'FROM busybox',
    `ENV NAME=${name}`,
    'RUN mkdir /made && for i in 1 2 3 4 5 6 7 8; do echo $NAME $i > /made/$i; done',
    'COPY files /files',
    'RUN rm /files/1 && mv /files /moved',
    'COPY --from=tools /tool /tool',
    'RUN cat /tool /moved/* /made/* | sha256sum > /sum',
  ].join('\n')

const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`files/${i}`, `${i}\n`.repeat(i * 500)]))

describe('a store that is used hard', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  /** The store is sound, and what is left after a collection is what the images need. */
  async function verify(): Promise<void> {
    const check = await box.run(['system', 'check'])
    assert.equal(check.code, 0, check.stdout + check.stderr)
  }

  it('stays valid when builds are killed at any moment', async () => {
    const dir = box.context({ Dockerfile: steps('kill'), ...files })
    const build = ['build', '--no-cache', '-t', 'killed', dir]
    const started = Date.now()
    await box.ok(build)
    const whole = Date.now() - started

    for (let round = 0; round < 50; round++) {
      const { child, done } = box.start(build)
      // moments spread evenly over the whole build, a little beyond it, in an order that jumps around
      await Promise.race([sleep(((round * 19) % 50) * (whole / 45)), done])
      if (child.exitCode === null) process.kill(child.pid!, 'SIGKILL')
      await done
      if (round % 10 === 9) await verify()
    }

    await verify()
    await box.ok(build)
    assert.match(await box.ok(['run', '--rm', '--network', 'none', 'killed', 'cat', '/sum']), /^[0-9a-f]{64} /)
  })

  it('serves two builds at the same time', async () => {
    const [left, right, same] = ['left', 'right', 'left'].map((name) =>
      box.context({ Dockerfile: steps(name), ...files }),
    )
    for (let round = 0; round < 5; round++) {
      const results = await Promise.all([
        box.run(['build', '--no-cache', '-t', 'left', left!]),
        box.run(['build', '--no-cache', '-t', 'right', right!]),
        box.run(['build', '-t', 'same', same!]),
        box.run(['image', 'prune', '-f']),
      ])
      for (const { code, stderr } of results) assert.equal(code, 0, stderr)
    }
    for (const name of ['left', 'right']) {
      assert.equal(await box.ok(['run', '--rm', '--network', 'none', name, 'cat', '/tool']), name)
    }
    await verify()
  })

  it('is empty again when all is removed and pruned', async () => {
    await box.ok(['system', 'prune', '-a', '-f'])
    await verify()
    assert.equal(await box.ok(['images', '-aq']), '')
    const { readdirSync } = await import('node:fs')
    const left = (dir: string) => {
      try {
        return readdirSync(`${box.root}/${dir}`)
      } catch {
        return []
      }
    }
    assert.deepEqual(left('snapshots'), [])
    assert.deepEqual(left('blobs/sha256'), [])
    assert.deepEqual(left('ingest'), [])
    assert.deepEqual(left('containers'), [])
  })
})
