import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Sandbox } from './harness.ts'

const password = 'correct horse'

test('a hub by its commands: start, users, rights, tokens, repositories, collection, stop', async () => {
  await using box = new Sandbox()
  const env = { STRAKE_HUB: `${box.dir}/hub` }
  const hub = (...args: string[]) => box.ok(['hub', ...args], { env })
  const served = box.start(['hub', 'serve', '--listen', '127.0.0.1:0'], { env })
  while (!/'strake' in the place/.test(served.output.stderr)) await once(served.child.stderr, 'data')
  const { stderr } = served.output
  const url = /^Hub on (http:\/\/localhost:\d+), data in .*\/hub$/m.exec(stderr)![1]!.replace('localhost', '127.0.0.1')
  assert.match(stderr, /strake hub user add --admin .*alice\n/)
  assert.match(stderr, /docker login localhost:\d+\n.*docker tag app localhost:\d+\/alice\/app\n.*docker push/)

  // Beside the server, as a person would.
  const add = (name: string, ...flags: string[]) =>
    box.ok(['hub', 'user', 'add', ...flags, '--password-stdin', name], { env, input: `${password}\n` })
  assert.equal(await add('alice'), 'alice')
  await add('bob')
  await add('root1', '--admin')
  await hub('org', 'add', 'team', '--owner', 'alice')
  await hub('org', 'join', 'team', 'bob', '--role', 'reader')
  await hub('org', 'set', 'team', '--quota', '1g')
  assert.match(await hub('org', 'ls'), /^team +organisation +alice \(owner\), bob \(reader\) +0B +1\.07GB/m)
  assert.equal(await hub('user', 'ls', '--format', '{{.Name}} {{.Admin}}'), 'alice false\nbob false\nroot1 true')

  const status = async (line: string, secret: string, user = 'bob') => {
    const [method, path] = line.split(' ') as [string, string]
    const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
    return (await fetch(url + path, { method, headers: { authorization } })).status
  }
  assert.equal(await status('POST /v2/team/app/blobs/uploads/', password), 403)
  await hub('org', 'join', 'team', 'bob', '--role', 'writer')
  assert.equal(await status('POST /v2/team/app/blobs/uploads/', password), 202)
  await hub('org', 'leave', 'team', 'bob')
  assert.equal(await status('POST /v2/team/app/blobs/uploads/', password), 403)

  const token = await hub(
    'token',
    'create',
    'bob',
    'ci',
    '--scope',
    'write',
    '--repository',
    'bob/*',
    '--expires',
    '30d',
  )
  assert.equal(await status('POST /v2/bob/app/blobs/uploads/', token), 202)
  const [id] = (await hub('token', 'ls', 'bob', '--format', '{{.ID}} {{.Name}} {{.Scope}} {{.Repositories}}')).split(
    ' ',
  )
  await hub('token', 'rm', id!)
  assert.equal(await status('GET /v2/', token), 401)

  await hub('repo', 'set', 'alice/app', '--private', '--description', 'An app', '--keep-newest', '3')
  assert.equal((await hub('repo', 'set', 'alice/app', '--public')).trim(), 'alice/app')
  await hub('repo', 'rm', 'alice/app')
  assert.match(await hub('gc'), /^Total reclaimed space: 0B$/m)

  await box.ok(['hub', 'user', 'passwd', '--password-stdin', 'bob'], { env, input: 'something else' })
  assert.equal(await status('GET /v2/', password), 401)
  assert.equal(await status('GET /v2/', 'something else'), 200)
  await hub('user', 'rm', 'bob')
  assert.equal(await status('GET /v2/', 'something else'), 401)

  for (const [args, message] of [
    [['user', 'add', '--password-stdin', 'Alice'], /invalid name "Alice"/],
    [['user', 'add', '--password-stdin', 'alice'], /the name "alice" is already in use by a user/],
    [['user', 'add', '--password-stdin', 'team'], /already in use by an organisation/],
    [['user', 'rm', 'nobody'], /no such user: nobody/],
    [['org', 'join', 'team', 'nobody'], /no such user: nobody/],
    [['org', 'join', 'team', 'alice', '--role', 'king'], /invalid role "king"/],
    [['org', 'rm', 'library'], /library belongs to every hub/],
    [['token', 'create', 'alice', 'x', '--expires', 'soon'], /invalid duration "soon"/],
    [['repo', 'set', '--private', '--public', 'alice/app'], /--private and --public exclude each other/],
    [['mirror', 'add', 'm', 'https://x.example/path'], /is not the address of a registry/],
    [['serve', '--listen', url.replace('http://', '')], /already in use/],
    [['serve', '--listen', 'nowhere'], /invalid address "nowhere"/],
    [['serve', '--tls-cert', 'x'], /--tls-cert and --tls-key belong together/],
  ] as const) {
    const { code, stderr } = await box.run(['hub', ...args], { env, input: password })
    assert.equal(code, 1, args.join(' '))
    assert.match(stderr, message)
  }

  served.child.kill('SIGTERM')
  const { code, stdout } = await served.done
  assert.equal(code, 0)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(lines.some(({ message, status, user }) => message === 'request' && status === 202 && user === 'bob'))
  assert.ok(!stdout.includes(password) && !stdout.includes(token))
})
