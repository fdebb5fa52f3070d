import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram } from '../../src/host/mod.ts'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'
import { enter, noPeers, startDocker } from '../support/peers.ts'
import { notRoot, Sandbox } from './harness.ts'

const options = { skip: notRoot || noRegistry }

/** The environment of somebody whose docker configuration is in the sandbox. */
function configured(sandbox: Sandbox): Record<string, string> {
  const config = join(sandbox.dir, 'docker')
  mkdirSync(config, { recursive: true })
  return { DOCKER_CONFIG: config, HOME: sandbox.dir }
}

test("the tutorial's way: login, tag, push, and on another store pull and run", {
  skip: options.skip || (!findProgram('htpasswd') && 'needs htpasswd'),
}, async () => {
  await using alice = new Sandbox()
  await using bob = new Sandbox()
  const env = configured(alice)
  const password = 'correct horse'
  await using registry = await startRegistry(join(alice.dir, 'registry'), { user: ['alice', password] })
  await alice.busybox()
  const app = `${registry.host}/alice/app:1.0`
  await alice.ok(['build', '-t', 'app', '-'], { input: 'FROM busybox\nRUN echo made > /made\nCMD ["cat", "/made"]\n' })
  await alice.ok(['tag', 'app', app])

  const stranger = await alice.run(['push', app], { env })
  assert.equal(stranger.code, 1)
  assert.match(stranger.stderr, /authentication required[\s\S]*strake login localhost:\d+/)

  const login = (input: string) =>
    alice.run(['login', '-u', 'alice', '--password-stdin', registry.host], { env, input })
  const wrong = await login('battery staple\n')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /unauthorized/)
  assert.doesNotMatch(wrong.stderr, /battery/)
  const { stdout, stderr, code } = await login(`${password}\n`)
  assert.equal(code, 0, stderr)
  assert.equal(stdout, 'Login Succeeded\n')
  assert.match(stderr, /WARNING! Your credentials are stored unencrypted in '.*config\.json'/)

  const pushed = await alice.ok(['push', app], { env })
  assert.match(pushed, /^The push refers to repository \[localhost:\d+\/alice\/app\]\n/)
  assert.equal([...pushed.matchAll(/^[0-9a-f]{12}: Pushed$/gm)].length, 2)
  const digest = /^1\.0: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed)?.[1]
  const again = await alice.ok(['push', app], { env })
  assert.equal([...again.matchAll(/^[0-9a-f]{12}: Layer already exists$/gm)].length, 2)

  assert.equal((await bob.run(['pull', app], { env: configured(bob) })).code, 1)
  assert.equal(await bob.ok(['run', '--rm', app], { env }), 'made')
  assert.match(
    await bob.ok(['pull', app], { env }),
    new RegExp(`Digest: ${digest}\nStatus: Image is up to date for ${app}`),
  )
  assert.match(await bob.ok(['build', '-q', '-'], { env, input: `FROM ${app}@${digest}\nRUN cat /made\n` }), /^sha256:/)
  assert.match(await bob.ok(['manifest', 'inspect', app], { env }), /"schemaVersion": 2/)
  assert.match(await bob.ok(['search', `${registry.host}/app`], { env }), /alice\/app/)

  assert.match(await alice.ok(['logout', registry.host], { env }), /Removing login credentials/)
  assert.deepEqual(JSON.parse(readFileSync(join(env.DOCKER_CONFIG!, 'config.json'), 'utf8')), { auths: {} })
})

test('TLS with a CA in certs.d', { skip: options.skip || (!findProgram('openssl') && 'needs openssl') }, async () => {
  await using sandbox = new Sandbox()
  const env = configured(sandbox)
  const [key, certificate] = [join(sandbox.dir, 'key.pem'), join(sandbox.dir, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
    stdio: 'ignore',
  })
  await using registry = await startRegistry(join(sandbox.dir, 'registry'), { tls: { certificate, key } })
  await sandbox.busybox()
  const name = `${registry.host}/busybox:1`
  await sandbox.ok(['tag', 'busybox', name])
  // This machine's own registries need no valid certificate.
  await sandbox.ok(['push', '-q', name], { env })
  assert.match(await sandbox.ok(['pull', name], { env }), /up to date/)
})

test('zstd, copies between all places, several platforms', options, async () => {
  await using sandbox = new Sandbox()
  await using other = new Sandbox()
  const env = configured(sandbox)
  await using registry = await startRegistry(join(sandbox.dir, 'registry'))
  const at = (name: string) => `${registry.host}/${name}`
  await sandbox.busybox()
  await sandbox.ok(['tag', 'busybox', at('busybox:1')])
  await sandbox.ok(['push', '--compression-format', 'zstd', at('busybox:1')], { env })
  assert.match(await sandbox.ok(['manifest', 'inspect', at('busybox:1')], { env }), /tar\+zstd/)

  const copy = (from: string, to: string) => sandbox.ok(['image', 'copy', from, to], { env })
  const places = ['oci:layout:one', 'dir:folder', 'docker-archive:app.tar:app:1', at('other/app:1'), 'local:copied:1']
  const digests: string[] = []
  for (const [i, to] of places.entries()) digests.push(await copy(i === 0 ? at('busybox:1') : places[i - 1]!, to))
  assert.equal(new Set(digests).size, 1)
  assert.equal(await sandbox.ok(['run', '--rm', 'copied:1', 'echo', 'ran']), 'ran')
  const stranger = await sandbox.run(['image', 'copy', 'oci:layout:two', 'dir:x'], { env })
  assert.match(stranger.stderr, /has no image two[\s\S]*It has one/)
  assert.equal(existsSync(join(sandbox.dir, 'x')), false)

  await sandbox.ok(['manifest', 'create', at('multi:1'), at('busybox:1'), at('other/app:1')], { env })
  await sandbox.ok(['manifest', 'annotate', at('multi:1'), at('other/app:1'), '--arch', 'arm64', '--variant', 'v8'], {
    env,
  })
  await sandbox.ok(['manifest', 'push', '--purge', at('multi:1')], { env })
  assert.match(await other.ok(['pull', at('multi:1')], { env }), /Pull complete/)
  const none = await other.run(['pull', '--platform', 'linux/s390x', at('multi:1')], { env })
  assert.match(none.stderr, /no image for linux\/s390x[\s\S]*It has linux\/amd64, linux\/arm64\/v8/)
  await copy(at('multi:1'), at('copy/multi:1'))
  assert.match(await sandbox.ok(['manifest', 'inspect', at('copy/multi:1')], { env }), /"arm64"/)
})

test('docker, crane and skopeo take what was pushed, and what they push is taken', {
  skip: options.skip || noPeers,
}, async () => {
  await using sandbox = new Sandbox()
  await using other = new Sandbox()
  const env = configured(sandbox)
  await using registry = await startRegistry(join(sandbox.dir, 'registry'))
  startDocker()
  await sandbox.busybox()
  const input = 'FROM busybox\nRUN echo made > /made && rm /bin/true\n'
  for (const format of ['gzip', 'zstd']) {
    const name = `${registry.host}/strake-e2e/${format}:1`
    await sandbox.ok(['build', '--no-cache', '-t', name, '-'], { input: `${input}RUN echo ${format} > /format\n` })
    await sandbox.ok(['push', '--compression-format', format, name], { env })
    const run = `docker run --rm --pull always ${name} cat /made /format; docker rmi ${name}`
    const validate = `crane validate --insecure --remote ${name}; skopeo inspect --tls-verify=false docker://${name}`
    const said = enter(sandbox.dir, `${format === 'gzip' ? validate : 'true'}; ${run}`)
    assert.match(said, new RegExp(`made\n${format}\n`))
    if (format === 'gzip') assert.match(said, /^PASS: /)
    assert.equal(await other.ok(['run', '--rm', name, 'cat', '/format'], { env }), format)
  }
  const theirs = `${registry.host}/strake-e2e/theirs:1`
  enter(
    sandbox.dir,
    `printf 'FROM ${registry.host}/strake-e2e/gzip:1\\nRUN echo theirs > /format\\n' | docker build -q -t ${theirs} -
     docker push -q ${theirs}; docker rmi ${theirs} ${registry.host}/strake-e2e/gzip:1 || true`,
  )
  assert.equal(await other.ok(['run', '--rm', theirs, 'cat', '/format'], { env }), 'theirs')
  rmSync(join(sandbox.dir, 'folder'), { recursive: true, force: true })
})
