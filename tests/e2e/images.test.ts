import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { readArchive } from '../support/archive.ts'
import { busyboxArchive } from '../support/busybox.ts'
import { member, writeTar } from '../support/tar.ts'
import { notRoot, Sandbox } from './harness.ts'

describe('images', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
    const dir = box.context({
      Dockerfile: 'FROM busybox\nLABEL kind=test\nCOPY file /file\nRUN echo out > /out\nENV A=1\nCMD ["true"]\n',
      file: 'x'.repeat(1500),
    })
    await box.ok(['build', '-t', 'app:1', dir])
  })
  after(() => box?.[Symbol.asyncDispose]())

  it('are listed as docker lists them', async () => {
    const [head, ...rows] = (await box.ok(['images'])).split('\n')
    assert.match(head!, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/)
    assert.match(rows.join('\n'), /^app +1 +[0-9a-f]{12} +.* ago +\d+(\.\d+)?[kM]B$/m)
    assert.equal(await box.ok(['images', '--format', '{{.Repository}}:{{.Tag}}', 'app']), 'app:1')
    assert.equal(await box.ok(['images', '-q', '--filter', 'label=kind=test']), await box.ok(['images', '-q', 'app']))
    const json = (await box.ok(['images', '--format', 'json'])).split('\n').map((line) => JSON.parse(line))
    assert.deepEqual(json.map(({ Repository }) => Repository).sort(), ['app', 'busybox'])
  })

  it('have a history with empty layers', async () => {
    const lines = (await box.ok(['history', '--no-trunc', '--format', '{{.Size}}|{{.CreatedBy}}', 'app:1'])).split('\n')
    assert.deepEqual(lines.slice(0, 5), [
      '0B|CMD ["true"]',
      '0B|ENV A=1',
      '4B|RUN /bin/sh -c echo out > /out # buildkit',
      '1.5kB|COPY file /file # buildkit',
      '0B|LABEL kind=test',
    ])
  })

  it('tell a template of instructions with several lines, and of times long ago', async () => {
    const dir = box.context({ Dockerfile: 'FROM busybox\nRUN <<E\necho 1\ntrue\nE\n' })
    await box.ok(['build', '-q', '-t', 'lines', '--build-arg', 'SOURCE_DATE_EPOCH=0', dir])
    const created = await box.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'lines'])
    assert.match(created, /^RUN \/bin\/sh -c echo 1\ntrue\n # buildkit\n/)
    const [, row] = (await box.ok(['history', '--no-trunc', 'lines'])).split('\n')
    assert.match(row!, /echo 1 true {2}# buildkit/)
    assert.match(await box.ok(['images', '--format', '{{.CreatedSince}}', 'lines']), /^\d\d+ years ago$/)
    await box.ok(['rmi', 'lines'])
  })

  it('are inspected, tagged and removed', async () => {
    const [image] = JSON.parse(await box.ok(['inspect', 'app:1'])) as [{ Id: string; Config: { Env: string[] } }]
    assert.ok(image.Config.Env.includes('A=1'))
    await box.ok(['tag', 'app:1', 'other/app'])
    assert.equal(await box.ok(['inspect', '--format', '{{.Id}}', 'other/app']), image.Id)
    assert.match(await box.ok(['rmi', 'other/app']), /^Untagged: other\/app:latest$/)
    assert.equal((await box.run(['inspect', 'other/app'])).code, 1)
    assert.equal((await box.run(['rmi', 'no-such-image'])).code, 1)
  })

  it('go out by save and come back by load, compressed or not', async () => {
    const id = await box.ok(['inspect', '--format', '{{.Id}}', 'app:1'])
    const archive = join(box.dir, 'app.tar')
    await box.ok(['save', '-o', archive, 'app:1'])
    const tar = readFileSync(archive)
    assert.equal(readArchive(tar).layers.length, 3)
    for (const [name, bytes] of [
      ['plain', tar],
      ['gzip', gzipSync(tar, { level: 1 })],
      ['zstd', zstdCompressSync(tar)],
    ] as const) {
      const file = join(box.dir, name)
      writeFileSync(file, bytes)
      await box.ok(['rmi', '-f', 'app:1'])
      assert.match(await box.ok(['load', '-i', file]), /Loaded image: app:1/)
      assert.equal(await box.ok(['inspect', '--format', '{{.Id}}', 'app:1']), id)
    }
    assert.equal(await box.ok(['run', '--rm', '--network', 'none', 'app:1', 'cat', '/out']), 'out')
  })

  it('are loaded and imported from standard input', async () => {
    await box.ok(['load'], { input: busyboxArchive('loaded:1') })
    assert.equal(await box.ok(['run', '--rm', '--network', 'none', 'loaded:1', 'echo', 'hi']), 'hi')
    await box.ok(['import', '-', 'imported:1'], { input: writeTar([member.file('only', 'this')]) })
    assert.equal(await box.ok(['images', '--format', '{{.Size}}', 'imported:1']), '4B')
  })

  it('refuses damaged archives and leaves nothing of them behind', async () => {
    const good = busyboxArchive('damaged:1')
    const bad = Buffer.from(good)
    bad[4096] = bad[4096]! ^ 0xff
    for (const input of [bad, good.subarray(0, good.length / 2), Buffer.from('no archive at all')]) {
      const { code, stderr } = await box.run(['load'], { input })
      assert.equal(code, 1)
      assert.match(stderr, /^ERROR: /m)
    }
    assert.equal(await box.ok(['images', '-q', 'damaged:1']), '')
    assert.equal((await box.run(['system', 'check'])).code, 0)
  })

  it('that nobody names are pruned', async () => {
    const dir = box.context({ Dockerfile: 'FROM busybox\nRUN echo 1 > /dangling\n' })
    const id = await box.ok(['build', '-q', dir])
    assert.match(await box.ok(['images', '-q', '--no-trunc', '--filter', 'dangling=true']), new RegExp(id))
    await box.ok(['image', 'prune', '-f'])
    assert.equal(await box.ok(['images', '-q', '--filter', 'dangling=true']), '')
    assert.match(await box.ok(['system', 'df']), /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/m)
  })
})
