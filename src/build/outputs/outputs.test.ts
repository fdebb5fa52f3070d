import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ProgressEvent } from '../../lib/mod.ts'
import { asRoot } from '../test-builds.ts'
import { Workshop } from '../testing.ts'

describe('outputs of files', asRoot, () => {
  let workshop: Workshop
  before(async () => {
    workshop = await Workshop.open()
  })
  after(() => workshop[Symbol.dispose]())

  const dockerfile = [
    'FROM busybox AS make',
    'RUN mkdir -p /out/etc /out/gone && echo one >/out/file && ln /out/file /out/same && ln -s /etc /out/link && \\',
    '  echo x >/out/etc/passwd && chown 12:34 /out/file && chmod 4755 /out/file && mkfifo /out/pipe && echo g >/out/gone/g',
    'FROM scratch',
    'COPY --from=make /out/ /',
    'COPY top /top',
  ].join('\n')

  it('local writes what the image shows, beside what is there', async () => {
    const context = workshop.context({ Dockerfile: dockerfile, top: 'top\n' })
    const dest = join(workshop.home, 'local')
    const outside = join(workshop.home, 'outside')
    for (const folder of [dest, outside, join(dest, 'top')]) mkdirSync(folder)
    writeFileSync(join(dest, 'mine'), 'mine')
    // What stands there must not lead out of the folder.
    symlinkSync(outside, join(dest, 'etc'))
    symlinkSync(join(outside, 'file'), join(dest, 'file'))
    const before = workshop.images.list().length
    const built = await workshop.build(context, { outputs: [{ kind: 'local', dest }], tags: ['kept:no'] })
    assert.equal(built.kept, false)
    assert.deepEqual(built.exported, [])
    assert.equal(workshop.images.list().length, before)
    assert.equal(workshop.images.find('kept:no'), undefined)
    assert.deepEqual(readdirSync(dest), ['etc', 'file', 'gone', 'link', 'mine', 'pipe', 'same', 'top'])
    assert.deepEqual(readdirSync(outside), [])
    assert.equal(readFileSync(join(dest, 'etc/passwd'), 'utf8'), 'x\n')
    assert.equal(readFileSync(join(dest, 'top'), 'utf8'), 'top\n')
    assert.equal(readlinkSync(join(dest, 'link')), '/etc')
    const file = lstatSync(join(dest, 'file'))
    assert.equal(file.ino, lstatSync(join(dest, 'same')).ino)
    assert.deepEqual([file.mode & 0o7777, file.uid, file.gid], [0o4755, 0, 0])
    assert.ok(lstatSync(join(dest, 'pipe')).isFIFO())
    // Once more, over what is there by now.
    await workshop.build(context, { outputs: [{ kind: 'local', dest }], buildArgs: { SOURCE_DATE_EPOCH: '1000' } })
    assert.equal(lstatSync(join(dest, 'gone')).mtimeMs, 1_000_000)
    assert.equal(lstatSync(join(dest, 'file')).mtimeMs, 1_000_000)
    assert.equal(existsSync(join(dest, 'mine')), true)
  })

  it('tar keeps owners, and goes with other outputs', async () => {
    const context = workshop.context({ Dockerfile: dockerfile, top: 'top\n' })
    const file = join(workshop.home, 'files.tar')
    const chunks: Buffer[] = []
    const dest = (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk))
    const built = await workshop.build(context, {
      outputs: [{ kind: 'tar', dest: file }, { kind: 'tar', dest }, { kind: 'image' }],
      tags: ['kept:yes'],
    })
    assert.equal(built.id, workshop.images.get('kept:yes').id)
    assert.ok(Buffer.concat(chunks).equals(readFileSync(file)))
    const listed = execFileSync('tar', ['-tvf', file, '--numeric-owner'], { encoding: 'utf8' })
    assert.match(listed, /^-rwsr-xr-x 12\/34 +4 .* file$/m)
    assert.match(listed, /^hrw.* same link to file$/m)
    assert.match(listed, /^prw.* pipe$/m)
  })

  it('several targets have a folder each', async () => {
    const file = 'FROM busybox AS a\nRUN mkdir /x && echo a >/x/f && ln /x/f /x/g\n'
    const context = workshop.context({ Dockerfile: `${file}FROM scratch AS b\nCOPY --from=a /x /y\n` })
    const [dest, tar, outside] = ['targets', 'targets.tar', 'elsewhere'].map((name) => join(workshop.home, name))
    for (const folder of [dest!, outside!]) mkdirSync(folder)
    symlinkSync(outside!, join(dest!, 'b'))
    await workshop.build(context, {
      target: ['b', 'a'],
      outputs: [
        { kind: 'local', dest: dest! },
        { kind: 'tar', dest: tar! },
      ],
    })
    assert.deepEqual(readdirSync(dest!), ['a', 'b'])
    assert.deepEqual(readdirSync(outside!), [])
    assert.equal(readFileSync(join(dest!, 'b/y/g'), 'utf8'), 'a\n')
    assert.equal(lstatSync(join(dest!, 'a/x/f')).ino, lstatSync(join(dest!, 'a/x/g')).ino)
    const listed = execFileSync('tar', ['-tvf', tar!], { encoding: 'utf8' })
    assert.match(listed, / b\/y\/g link to b\/y\/f$/m)
    assert.match(listed, / a\/x\/f$/m)
  })

  it('says before the build what can not be written', async () => {
    const context = workshop.context({ Dockerfile: 'FROM scratch\nCOPY missing /\n' })
    const dest = context.at('Dockerfile')
    await assert.rejects(workshop.build(context, { outputs: [{ kind: 'local', dest }] }), /is a file/)
    await assert.rejects(workshop.build(context, { outputs: [{ kind: 'tar', dest: workshop.home }] }), /is a directory/)
    const nowhere = join(workshop.home, 'not/there')
    await assert.rejects(workshop.build(context, { outputs: [{ kind: 'tar', dest: nowhere }] }), /no such file/)
    await assert.rejects(workshop.build(context, { outputs: [{ kind: 'image', push: 'tags' }] }), /tag is needed/)
  })

  it('leaves nothing half-written', async () => {
    const context = workshop.context({ Dockerfile: dockerfile, top: 'top\n' })
    const dest = join(workshop.home, 'stopped')
    const stop = new AbortController()
    const progress = (event: ProgressEvent) => {
      if (event.kind === 'vertex' && event.name.startsWith('exporting') && event.state === 'started') stop.abort()
    }
    const outputs = [{ kind: 'tar', dest }] as const
    await assert.rejects(workshop.build(context, { outputs, progress, signal: stop.signal }), { code: 'cancelled' })
    assert.deepEqual(
      readdirSync(workshop.home).filter((name) => name.includes('stopped')),
      [],
    )
  })
})
