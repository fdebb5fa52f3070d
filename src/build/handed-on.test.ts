import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { StrakeError } from '../lib/mod.ts'
import { asRoot, TestBuilds } from './test-builds.ts'

let builds: TestBuilds
before(async () => {
  if (!asRoot.skip) builds = await TestBuilds.open()
})
after(() => builds?.[Symbol.dispose]())

const secret = 'correct horse battery staple'

test('a secret is in a step, and nowhere else', asRoot, async () => {
  const { path } = builds.context(`FROM busybox
RUN --mount=type=secret,id=pass cat /run/secrets/pass; wc -c < /run/secrets/pass
RUN --mount=type=secret,id=pass,env=PASS echo "$PASS"; echo "$PASS" | tr a-z A-Z
RUN --mount=type=secret,id=pass,env=PASS printf 'correct horse '; sleep 0.2; echo battery staple >&2; echo 'battery staple'
`)
  const given = { secrets: { pass: { kind: 'value', value: secret } } } as const
  const { log, events, id } = await builds.run(path, given)
  assert.equal(log.replace('battery staple\n', ''), `***${secret.length}\n***\n${secret.toUpperCase()}\n***\n`)
  assert.ok(!events.includes(secret))
  assert.equal((await builds.run(path, { secrets: { pass: { kind: 'value', value: 'another one' } } })).done, 0)
  assert.ok(!JSON.stringify(builds.images.config(builds.images.get(id))).includes(secret))
  const found = execFileSync('sh', ['-c', `grep -rl "${secret}" "$1" || true`, 'sh', join(builds.home, 'store')], {
    encoding: 'utf8',
  })
  assert.equal(found, '')
})

test('the process of a step finds its secret in memory only', asRoot, async () => {
  const { path } = builds.context(`FROM busybox
RUN --mount=type=secret,id=pass,env=PASS --mount=type=secret,id=pass grep /run/secrets /proc/mounts | cut -d' ' -f1-3; grep -rl "$PASS" /tmp /etc /dev/shm; true
`)
  const { log } = await builds.run(path, { secrets: { pass: { kind: 'value', value: secret } } })
  assert.equal(log, 'tmpfs /run/secrets/pass tmpfs\n')
})

test('secrets come from files and variables; one that is required must be there', asRoot, async () => {
  const { path } = builds.context(`FROM busybox
RUN --mount=type=secret,id=file --mount=type=secret,id=env,env=E wc -c < /run/secrets/file; test "$E" = "$(printf 'value')" && echo same
`)
  writeFileSync(join(builds.home, 'pass'), 'file')
  process.env.STRAKE_TEST_SECRET = 'value'
  const secrets = {
    file: { kind: 'file', path: join(builds.home, 'pass') },
    env: { kind: 'env', name: 'STRAKE_TEST_SECRET' },
  } as const
  assert.equal((await builds.run(path, { secrets })).log, '4\nsame\n')
  delete process.env.STRAKE_TEST_SECRET
  const needs = builds.context('FROM busybox\nRUN --mount=type=secret,id=pass,required true\n')
  await builds.fails(needs.path, {}, { code: 'not_found', message: 'secret pass: not found', at: [2, 5] })
  await builds.fails(needs.path, { secrets: { pass: { kind: 'file', path: '/nowhere' } } }, { code: 'not_found' })
  await builds.fails(
    needs.path,
    { secrets: { pass: { kind: 'file', path: builds.home } } },
    { message: `read ${builds.home}: is a directory` },
  )
  const large = { pass: { kind: 'value', value: 'x' }, big: { kind: 'file', path: '/bin/busybox' } } as const
  await builds.fails(needs.path, { secrets: large }, { message: 'secret big too big. max size 500KB' })
})

test('an error of the runtime does not tell a secret', asRoot, async () => {
  const { path } = builds.context('FROM busybox\nRUN --mount=type=secret,id=pass,env=PASS true\n')
  await assert.rejects(
    builds.run(path, { secrets: { pass: { kind: 'value', value: `${secret}\0` } } }),
    (error: StrakeError) => {
      return !error.message.includes(secret) && !String(error.stack).includes(secret)
    },
  )
})

test('what goes beyond isolation must be allowed', asRoot, async () => {
  const insecure = builds.context(
    'FROM busybox\nRUN --security=insecure grep -c ffffff /proc/self/status; mount -t tmpfs x /mnt\n',
  )
  await builds.fails(insecure.path, {}, { code: 'denied', message: 'security.insecure is not allowed', at: [2, 5] })
  const allowed = builds.context(
    'FROM busybox\nRUN --security=insecure mkdir /m && mount -t tmpfs x /m && echo mounted\n',
  )
  assert.match((await builds.run(allowed.path, { allow: ['security.insecure'] })).log, /mounted/)
  const sandbox = builds.context(
    'FROM busybox\nRUN --security=sandbox mkdir /m && mount -t tmpfs x /m || echo refused\n',
  )
  assert.match((await builds.run(sandbox.path)).log, /refused/)

  const host = builds.context('FROM busybox\nRUN --network=host ls /sys/class/net\n')
  await builds.fails(host.path, {}, { code: 'denied', message: 'network.host is not allowed', at: [2, 5] })
  await builds.run(host.path, { allow: ['network.host'] })
  await builds.run(host.path, { network: 'host' })
  const unused = builds.context('FROM busybox AS unused\nRUN --network=host true\nFROM busybox\nRUN true\n')
  await builds.run(unused.path)

  const device = builds.context('FROM busybox\nRUN --device=strake.test/none=all,required true\n')
  const refused = { code: 'denied', message: 'device strake.test/none=all is not allowed', at: [2, 5] } as const
  await builds.fails(device.path, {}, { ...refused, at: [2, 5] })
  const missing = { code: 'not_found', message: 'required device "strake.test/none=all" is not registered' } as const
  for (const allow of ['device', 'device=strake.test/none', 'device=strake.test/none=all']) {
    await builds.fails(device.path, { allow: [allow] }, missing)
  }
  await builds.fails(
    device.path,
    { allow: ['network.hots'] },
    { code: 'invalid', message: 'unknown entitlement network.hots' },
  )
})

test('an SSH agent signs for a step, and does nothing else', asRoot, async (t) => {
  try {
    execFileSync('sh', ['-c', 'command -v ssh-agent && command -v ssh-keygen && command -v ssh-add'])
  } catch {
    return t.skip('needs openssh-client')
  }
  const key = join(builds.home, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'the key', '-f', key])
  const tools = join(builds.home, 'tools')
  mkdirSync(tools)
  const program = execFileSync('sh', ['-c', 'command -v ssh-add'], { encoding: 'utf8' }).trim()
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
  for (const file of [program, ...libraries]) copyFileSync(file, join(tools, basename(file)))
  const loader = libraries.find((file) => /\/ld-/.test(file))!
  const add = `/t/${basename(loader)} --library-path /t /t/ssh-add`
  const { path } = builds.context(`FROM busybox
RUN --mount=from=tools,target=/t --mount=type=ssh,mode=0660,uid=5,gid=6 ${add} -l; ${add} -D; ${add} -l; stat -c '%a %u:%g' $SSH_AUTH_SOCK
`)
  const more = { buildContexts: { tools } }
  const { log } = await builds.run(path, { ...more, ssh: { default: [key] } })
  assert.match(log, /the key \(ED25519\)\nFailed to remove all identities.\n.*the key \(ED25519\)\n660 5:6\n$/s)
  const needs = builds.context('FROM busybox\nRUN --mount=type=ssh,id=git,required true\n')
  await builds.fails(needs.path, {}, { code: 'not_found', message: 'unset ssh forward key git', at: [2, 5] })
  await builds.fails(needs.path, { ssh: { git: [join(path, 'Dockerfile')] } }, { code: 'invalid' })
  await builds.fails(needs.path, { ssh: { git: ['/nowhere'] } }, { code: 'not_found' })
})
