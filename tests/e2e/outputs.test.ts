import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'
import { notRoot, Sandbox } from './harness.ts'

const input = 'FROM busybox\nRUN echo made > /made\n'

test('-o puts files, archives and metadata out', { skip: notRoot }, async () => {
  await using sandbox = new Sandbox()
  await sandbox.busybox()
  const at = (name: string) => join(sandbox.dir, name)
  await sandbox.ok(
    ['build', '-t', 'app', '-o', 'out', '-o', 'type=docker,dest=app.tar', '--metadata-file', 'meta', '-'],
    {
      input,
    },
  )
  assert.equal(readFileSync(at('out/made'), 'utf8'), 'made\n')
  const metadata = JSON.parse(readFileSync(at('meta'), 'utf8'))
  assert.equal(metadata['containerimage.digest'], metadata['containerimage.descriptor'].digest)
  assert.equal(metadata['image.name'], 'docker.io/library/app:latest')
  assert.match(metadata['buildx.build.ref'], /^default\/default\/[0-9a-z]{25}$/)
  assert.equal((await sandbox.run(['image', 'inspect', 'app'])).code, 1)

  await sandbox.ok(['load', '-i', 'app.tar'])
  assert.equal(await sandbox.ok(['run', '--rm', 'app', 'cat', '/made']), 'made')
  assert.equal(await sandbox.ok(['images', '-q', '--no-trunc', 'app']), metadata['containerimage.config.digest'])

  await sandbox.ok(['build', '-o', 'type=local,dest=both', '--load', '-t', 'kept', '-'], { input })
  assert.ok(existsSync(at('both/made')))
  assert.match(await sandbox.ok(['images', '-q', 'kept']), /^[0-9a-f]{12}$/)

  const { stdout, code } = await sandbox.run(['build', '-o', '-', '-'], {
    input: 'FROM busybox AS a\nFROM scratch\nCOPY --from=a /etc/group /g\n',
  })
  assert.equal(code, 0)
  writeFileSync(at('stdout.tar'), stdout)
  assert.equal(execFileSync('tar', ['-tf', at('stdout.tar')], { encoding: 'utf8' }), 'g\n')

  // Nothing half-written, and nothing of an earlier build.
  const failed = await sandbox.run(['build', '-o', 'no', '--metadata-file', 'meta', '-'], {
    input: 'FROM busybox\nRUN false\n',
  })
  assert.notEqual(failed.code, 0)
  assert.ok(!existsSync(at('no')) && !existsSync(at('meta')))
})

test('one archive of two targets, with annotations; -q tells the id', { skip: notRoot }, async () => {
  await using sandbox = new Sandbox()
  await sandbox.busybox()
  const at = (name: string) => join(sandbox.dir, name)
  const targets = 'FROM busybox AS test\nLABEL a=b\nFROM busybox AS app\nRUN echo made > /made\n'
  const words = ['--target', 'test', '--target', 'app', '-t', 'app', '--annotation', 'manifest-descriptor,manifest:k=v']
  const built = await sandbox.ok(['build', '-q', ...words, '-o', 'type=oci,dest=all.tar', '-'], { input: targets })
  const index = JSON.parse(execFileSync('tar', ['-xOf', at('all.tar'), 'index.json'], { encoding: 'utf8' }))
  const told = index.manifests.map(({ annotations }: { annotations: Record<string, string> }) => [
    annotations['org.opencontainers.image.ref.name'],
    annotations.k,
  ])
  assert.deepEqual(told, [
    ['test', 'v'],
    ['latest', 'v'],
  ])
  await sandbox.ok(['load', '-i', 'all.tar'])
  const app = await sandbox.ok(['images', '-q', '--no-trunc', 'app'])
  assert.equal(built.split('\n').at(-1), app)
  assert.equal(await sandbox.ok(['run', '--rm', 'app', 'cat', '/made']), 'made')

  const failed = await sandbox.run(['build', '--iidfile', 'no/such/place', '-'], { input: 'FROM busybox\nRUN false\n' })
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /^ERROR: --iidfile can't be written: no such file or directory/)
})

test('--push sends what was built', { skip: notRoot || noRegistry }, async () => {
  await using sandbox = new Sandbox()
  await using registry = await startRegistry(join(sandbox.dir, 'registry'))
  await sandbox.busybox()
  const name = `${registry.host}/alice/app`
  const args = ['build', '--push', '-t', `${name}:1`, '-t', `${name}:2`, '--metadata-file', 'meta', '-']
  const { code, stderr } = await sandbox.run(args, { input })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^[0-9a-f]{12}: Pushed$/m)
  const digest = JSON.parse(readFileSync(join(sandbox.dir, 'meta'), 'utf8'))['containerimage.digest']
  for (const tag of [1, 2]) assert.match(stderr, new RegExp(`${name}:${tag}: digest: ${digest} size: \\d+`))
  await sandbox.ok(['rmi', `${name}:1`, `${name}:2`])
  assert.equal(await sandbox.ok(['run', '--rm', `${name}:2`, 'cat', '/made']), 'made')
  assert.match(await sandbox.ok(['image', 'inspect', '-f', '{{.RepoDigests}}', `${name}:2`]), new RegExp(digest))
})
