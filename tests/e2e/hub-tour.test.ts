import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram } from '../../src/host/mod.ts'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'
import { notRoot, Sandbox } from './harness.ts'

const password = 'correct horse'

/** A hub with the administrator `root1`, alice and bob, until the sandbox's test stops it. */
async function startHub(box: Sandbox, ...flags: string[]) {
  const env = { STRAKE_HUB: join(box.dir, 'hub') }
  const hub = (...args: string[]) => box.ok(['hub', ...args], { env, input: `${password}\n` })
  await hub('user', 'add', '--password-stdin', '--admin', 'root1')
  for (const name of ['alice', 'bob']) await hub('user', 'add', '--password-stdin', name)
  const served = box.start(['hub', 'serve', '--listen', '127.0.0.1:0', ...flags], { env })
  while (!/'strake' in the place/.test(served.output.stderr)) {
    const ended = await Promise.race([once(served.child.stderr, 'data'), served.done])
    if ('code' in ended) throw new Error(`strake hub serve: ${ended.stderr}`)
  }
  const port = /^Hub on https?:\/\/\S+:(\d+),/m.exec(served.output.stderr)![1]!
  const stop = async () => {
    served.child.kill('SIGTERM')
    await served.done
  }
  return { host: `localhost:${port}`, port, hub, [Symbol.asyncDispose]: stop }
}

const login = (box: Sandbox, name: string, host: string, secret = password) =>
  box.run(['login', '-u', name, '--password-stdin', host], { input: `${secret}\n` })

/** Runs what is refused; what it says. */
async function refused(box: Sandbox, args: readonly string[], code = 1): Promise<string> {
  const result = await box.run(args)
  assert.equal(result.code, code, `${args.join(' ')}\n${result.stdout}`)
  return result.stderr
}

const dockerfile = 'FROM busybox\nRUN echo made > /made\nCMD ["cat", "/made"]\n'

test('two people and a hub: login, push, refusals, pull, run, build, copy', { skip: notRoot }, async () => {
  await using alice = new Sandbox()
  await using bob = new Sandbox()
  await using served = await startHub(alice)
  const { host, hub } = served
  const app = `${host}/alice/app:1.0`
  await alice.busybox()
  await alice.ok(['build', '-q', '-t', 'app', '-'], { input: dockerfile })

  // What beginners do first.
  assert.match(await refused(alice, ['push', app]), /does not exist locally[\s\S]*strake tag IMAGE NAME/)
  await alice.ok(['tag', 'app', app])
  assert.match(
    await refused(alice, ['push', app]),
    /authentication required[\s\S]*hint: Log in first: strake login localhost:/,
  )
  const wrong = await login(alice, 'alice', host, 'battery staple')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /unauthorized: incorrect username or password/)
  assert.doesNotMatch(wrong.stderr, /battery/)
  const { code, stdout, stderr } = await login(alice, 'alice', host)
  assert.deepEqual([code, stdout, stderr], [0, 'Login Succeeded\n', ''])
  // The hub gave a login of its own for the password: nothing to warn of.
  const stored = JSON.parse(readFileSync(join(alice.env.DOCKER_CONFIG, 'config.json'), 'utf8'))
  assert.ok(stored.auths[host].identitytoken)
  assert.equal(Buffer.from(stored.auths[host].auth, 'base64').toString(), 'alice:')

  await alice.ok(['tag', 'app', `${host}/app`])
  const bare = await refused(alice, ['push', `${host}/app`])
  assert.match(bare, /denied: "app" has no namespace/)
  assert.match(bare, /is in nobody's namespace/)
  const [, tag, push] = /^hint: strake (tag .*) && strake (push .*)$/m.exec(bare)!
  await alice.ok(tag!.split(' '))
  assert.match(await alice.ok(push!.split(' ')), /^latest: digest: sha256:/m)
  assert.match(await alice.ok(['push', app]), /Layer already exists\n.*Layer already exists\n1\.0: digest: /)
  await alice.ok(['tag', 'app', `${host}/bob/app`])
  assert.match(bare, /for administrators\nhint: /)
  const foreign = await refused(alice, ['push', `${host}/bob/app`])
  assert.match(
    foreign,
    /denied: "bob" is neither your own namespace nor an organisation of yours\nhint: Below your own name: strake tag \S+ \S+\/alice\/app/,
  )
  await alice.ok(['tag', 'app', `${host}/bab/app`])
  assert.match(await refused(alice, ['push', `${host}/bab/app`]), /"bab" is neither your own/)

  // To others.
  assert.equal(await bob.ok(['run', '--rm', app]), 'made')
  assert.match(await bob.ok(['pull', app]), /Image is up to date/)
  assert.match(
    await refused(bob, ['pull', `${host}/alice/app:2.0`]),
    /alice\/app has no 2\.0; its newest tags: 1\.0, latest/,
  )
  assert.match(await bob.ok(['search', `${host}/app`]), /^\S+\/alice\/app /m)
  await bob.ok(['rmi', app])
  assert.match(await bob.ok(['build', '-q', '-t', 'next', '-'], { input: `FROM ${app}\nRUN cat /made\n` }), /^sha256:/)
  const digest = await bob.ok(['image', 'copy', app, 'oci:layout:app'])
  const index = JSON.parse(readFileSync(join(bob.dir, 'layout/index.json'), 'utf8'))
  assert.equal(index.manifests[0].digest, digest)

  // A private one is not there for others, logged in or not.
  await hub('repo', 'set', '--private', 'alice/app')
  await bob.ok(['rmi', '-f', app])
  assert.match(await refused(bob, ['pull', app]), /access denied[\s\S]*may require 'strake login'/)
  assert.equal((await login(bob, 'bob', host)).code, 0)
  const hidden = await refused(bob, ['pull', app])
  const nothing = await refused(bob, ['pull', app.replace('/app', '/nothing')])
  assert.equal(hidden.replaceAll('alice/app', 'alice/nothing'), nothing)
  assert.match(hidden, /not found/)
  await refused(bob, ['run', app], 125)
  assert.doesNotMatch(await bob.ok(['search', `${host}/app`]), /alice/)
  assert.match(await refused(bob, ['image', 'copy', app, 'oci:hidden']), /may not see it/)
  assert.equal(existsSync(join(bob.dir, 'hidden')), false)
  assert.match(await alice.ok(['search', `${host}/app`]), /alice\/app/)

  // An access token that only reads.
  const token = await hub('token', 'create', 'bob', 'ci', '--scope', 'read')
  assert.equal((await login(bob, 'bob', host, token)).code, 0)
  await bob.ok(['tag', 'next', `${host}/bob/next`])
  assert.match(
    await refused(bob, ['push', `${host}/bob/next`]),
    /denied: the access token .* scope "read".*\nhint: With another account/,
  )
  assert.equal((await login(bob, 'bob', host)).code, 0)
  await bob.ok(['push', `${host}/bob/next`])

  assert.match(await bob.ok(['logout', host]), /Removing login credentials/)
  assert.match(await refused(bob, ['push', `${host}/bob/next`]), /authentication required[\s\S]*Log in first/)
  // `library` is for administrators, and is everybody's to pull.
  assert.equal((await login(alice, 'root1', host)).code, 0)
  await alice.ok(['push', `${host}/app`])
  assert.equal(await bob.ok(['run', '--rm', `${host}/app`]), 'made')
})

test("a mirror of docker's registry", { skip: notRoot || noRegistry }, async () => {
  await using box = new Sandbox()
  await using served = await startHub(box)
  const upstream = await startRegistry(join(box.dir, 'registry'))
  const copied = `${served.host}/copy/team/app:1`
  try {
    await served.hub('mirror', 'add', 'copy', `http://${upstream.host}`)
    await box.busybox()
    await box.ok(['tag', 'busybox', `${upstream.host}/team/app:1`])
    await box.ok(['push', `${upstream.host}/team/app:1`])
    await box.ok(['rmi', '-f', 'busybox', `${upstream.host}/team/app:1`])
    assert.equal(await box.ok(['run', '--rm', copied, 'echo', 'ran']), 'ran')
    assert.match(await refused(box, ['pull', `${served.host}/copy/team/none:1`]), /not found|access denied/)
  } finally {
    await upstream[Symbol.asyncDispose]()
  }
  await box.ok(['rmi', '-f', copied])
  assert.equal(await box.ok(['run', '--rm', copied, 'echo', 'again']), 'again')
  await login(box, 'alice', served.host)
  assert.match(await refused(box, ['push', copied]), /denied/)
})

test('TLS with a certificate of the hub itself', {
  skip: notRoot || (!findProgram('openssl') && 'needs openssl'),
}, async (t) => {
  // This machine's loopback needs no valid certificate: the hub is asked at the machine's own name.
  const address = await lookup(hostname(), 4).then(
    ({ address }) => address,
    () => undefined,
  )
  if (address === undefined) return t.skip("needs a resolver that knows this machine's name")
  await using box = new Sandbox()
  await using served = await startHub(box, '--tls-self-signed', '--listen', `${address}:0`)
  const host = `${hostname()}:${served.port}`
  const ca = join(box.dir, 'hub/tls-cert.pem')
  await box.busybox()
  await box.ok(['tag', 'busybox', `${host}/alice/app`])
  const stranger = await login(box, 'alice', host)
  assert.equal(stranger.code, 1)
  assert.match(stranger.stderr, /certificate[\s\S]*hint: Put the certificate of its CA into .*certs\.d\//)
  const trusted = { env: { SSL_CERT_FILE: ca } }
  const entered = await box.run(['login', '-u', 'alice', '--password-stdin', host], { ...trusted, input: password })
  assert.equal(entered.code, 0, entered.stderr)
  await box.ok(['push', `${host}/alice/app`], trusted)
  const certificates = join(box.env.DOCKER_CONFIG, 'certs.d', host)
  mkdirSync(certificates, { recursive: true })
  await box.ok(['rmi', '-f', `${host}/alice/app`])
  assert.equal((await box.run(['pull', `${host}/alice/app`])).code, 1)
  writeFileSync(join(certificates, 'ca.crt'), readFileSync(ca))
  await box.ok(['pull', `${host}/alice/app`])
})
