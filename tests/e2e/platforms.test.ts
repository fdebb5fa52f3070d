import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'
import { foreignProgram } from '../support/foreign-program.ts'
import { notRoot, Sandbox } from './harness.ts'

const crossed = {
  Dockerfile: [
    'FROM --platform=$BUILDPLATFORM busybox AS build',
    'ARG TARGETARCH',
    'RUN echo "for $TARGETARCH" | tee /made',
    'FROM scratch',
    'COPY --from=build /made /made',
    'CMD ["/made"]',
    '',
  ].join('\n'),
}
const both = ['--platform', 'linux/amd64,linux/arm64']

test('an image for several platforms is built, looked at, saved and loaded', { skip: notRoot }, async () => {
  await using here = new Sandbox()
  await here.busybox()
  const dir = here.context(crossed)
  const { code, stderr } = await here.run(['build', ...both, '-t', 'app:1', '--metadata-file', 'meta', dir])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^Step \d+\/\d+ : \[linux\/amd64(->arm64)?\] RUN echo/m)
  assert.match(stderr, /^Step \d+\/\d+ : \[linux\/arm64\] COPY --from=build \/made \/made$/m)
  assert.match(stderr, /^for arm64$/m)
  assert.match(stderr, /^Successfully built [0-9a-f]{12} \(linux\/arm64\)$/m)
  const metadata = JSON.parse(readFileSync(join(here.dir, 'meta'), 'utf8'))
  assert.equal(metadata['containerimage.descriptor'].mediaType, 'application/vnd.oci.image.index.v1+json')
  assert.equal(metadata['containerimage.digest'], metadata['containerimage.descriptor'].digest)
  assert.equal(metadata['containerimage.config.digest'], undefined)
  assert.equal((await here.ok(['images', '-q'])).split('\n').length, 2)
  const architecture = (box: Sandbox, platform: string) =>
    box.ok(['inspect', '-f', '{{.Architecture}}', '--platform', platform, 'app:1'])
  for (const name of ['amd64', 'arm64']) assert.equal(await architecture(here, `linux/${name}`), name)
  const index = JSON.parse(await here.ok(['manifest', 'inspect', 'app:1']))
  assert.deepEqual(
    index.manifests.map((member: { platform: object }) => member.platform),
    [
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ],
  )

  await here.ok(['save', '-o', 'app.tar', 'app:1'])
  await using there = new Sandbox()
  assert.equal(await there.ok(['load', '-i', join(here.dir, 'app.tar')]), 'Loaded image: app:1')
  for (const name of ['amd64', 'arm64']) assert.equal(await architecture(there, `linux/${name}`), name)

  await here.ok(['build', ...both, '-o', 'out', dir])
  assert.equal(readFileSync(join(here.dir, 'out/linux_arm64/made'), 'utf8'), 'for arm64\n')
  await here.ok(['rmi', 'app:1'])
  assert.equal((await here.ok(['images', '-q'])).split('\n').length, 1)
})

test('a registry gets and gives all platforms', { skip: notRoot || noRegistry }, async () => {
  await using sandbox = new Sandbox()
  await using registry = await startRegistry(join(sandbox.dir, 'registry'))
  await sandbox.busybox()
  const name = `${registry.host}/alice/app:1`
  const dir = sandbox.context(crossed)
  await sandbox.ok(['build', ...both, '--push', '-t', name, '--metadata-file', 'meta', dir])
  const { 'containerimage.digest': digest } = JSON.parse(readFileSync(join(sandbox.dir, 'meta'), 'utf8'))
  const index = await sandbox.ok(['manifest', 'inspect', '-v', name])
  assert.ok(index.includes(digest))
  await sandbox.ok(['rmi', name])
  assert.match(await sandbox.ok(['pull', '--platform', 'linux/arm64', name]), new RegExp(digest))
  assert.equal(await sandbox.ok(['inspect', '-f', '{{.Architecture}}', name]), 'arm64')
  await sandbox.ok(['image', 'copy', name, 'local:whole'])
  assert.equal(await sandbox.ok(['inspect', '-f', '{{.Architecture}}', '--platform', 'linux/amd64', 'whole']), 'amd64')
})

const qemu = '/usr/bin/qemu-aarch64-static'
const binfmt = '/proc/sys/fs/binfmt_misc'
const noEmulation =
  notRoot || (process.arch !== 'x64' ? 'for x86-64' : existsSync(qemu) ? false : 'needs qemu-user-static')

/** Lets QEMU run the programs that have the mark, and no others: those of other tests stay foreign. */
function register(mark: string): Disposable {
  using stack = new DisposableStack()
  if (!existsSync(`${binfmt}/register`)) {
    execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', binfmt], { stdio: 'pipe' })
    stack.defer(() => execFileSync('umount', [binfmt]))
  }
  const hex = (bytes: Uint8Array) => [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  const magic = foreignProgram(mark).subarray(0, 20)
  const name = `strake-test-${process.pid}`
  writeFileSync(`${binfmt}/register`, `:${name}:M::${hex(magic)}:${hex(Buffer.alloc(20, 0xff))}:${qemu}:F`)
  stack.defer(() => writeFileSync(`${binfmt}/${name}`, '-1'))
  return stack.move()
}

test('foreign programs run with QEMU, and it is said how to get that', { skip: noEmulation }, async (t) => {
  await using sandbox = new Sandbox()
  await sandbox.busybox()
  const dockerfile = 'FROM scratch\nARG TARGETARCH\nCOPY --chmod=755 hello-$TARGETARCH /hello\nRUN ["/hello"]\n'
  const files = {
    Dockerfile: dockerfile,
    'hello-arm64': foreignProgram('zQ'),
    'hello-amd64': readFileSync('/bin/true'),
  }
  const dir = sandbox.context(files)
  const args = ['build', '--platform', 'linux/arm64', dir]
  const { code, stderr } = await sandbox.run(args)
  assert.notEqual(code, 0)
  assert.match(stderr, /hint: \/hello is built for arm64, and this machine is amd64\./)
  assert.match(
    stderr,
    /apt-get install qemu-user-static binfmt-support, or docker run --privileged --rm tonistiigi\/binfmt --install arm64/,
  )
  let handler: Disposable
  try {
    handler = register('zQ')
  } catch (error) {
    t.diagnostic(`binfmt_misc can't be used here: ${(error as Error).message}`)
    return
  }
  try {
    const built = await sandbox.run([...args, '-t', 'hello'])
    assert.equal(built.code, 0, built.stderr)
    assert.match(built.stderr, /^hello$/m)
    assert.equal(await sandbox.ok(['run', '--rm', '--platform', 'linux/arm64', 'hello', '/hello']), 'hello')
  } finally {
    handler[Symbol.dispose]()
  }
})
