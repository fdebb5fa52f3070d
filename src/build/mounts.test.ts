import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { bootstrap, type Images, openImages } from '../images/mod.ts'
import type { ProgressEvent, StrakeError } from '../lib/mod.ts'
import { openStore, removeTree, type Store } from '../store/mod.ts'
import { build } from './build.ts'
import { listCacheMounts } from './cache-mounts.ts'
import type { BuildOptions } from './types.ts'

const root = process.getuid?.() === 0
const options = { skip: root ? false : 'needs root' }
let home: string
let store: Store
let images: Images

before(async () => {
  if (!root) return
  home = mkdtempSync('/var/tmp/strake-mounts-')
  store = openStore(join(home, 'store'))
  images = openImages(store)
  await bootstrap(store, images, { distribution: 'busybox', suite: 'latest' })
})
after(() => {
  if (!root) return
  store[Symbol.dispose]()
  removeTree(home)
})

let contexts = 0

function context(dockerfile: string, files: Record<string, string> = {}) {
  const path = join(home, `context-${++contexts}`)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  for (const [name, text] of Object.entries({ ...files, Dockerfile: dockerfile })) write(name, text)
  return { path, write }
}

/** Builds, and tells what was done again and what was said. */
async function run(path: string, more: Partial<BuildOptions> = {}) {
  const done: string[] = []
  let log = ''
  let events = ''
  const progress = (event: ProgressEvent) => {
    if (event.kind === 'vertex' && event.state === 'done' && event.step?.text.startsWith('RUN')) {
      done.push(event.step.text)
    }
    if (event.kind === 'log') log += Buffer.from(event.data).toString()
    events += JSON.stringify(event.kind === 'log' ? Buffer.from(event.data).toString() : event)
  }
  const source = { kind: 'directory', path } as const
  const result = await build(store, images, { context: source, network: 'none', ca: 'none', progress, ...more })
  return { ...result, done: done.length, log, events }
}

const fails = (path: string, more: Partial<BuildOptions>, expected: Partial<StrakeError> & { at?: [number, number] }) =>
  assert.rejects(run(path, more), (error: StrakeError) => {
    const { at, ...fields } = expected
    for (const [name, value] of Object.entries(fields)) assert.equal(error[name as keyof StrakeError], value)
    if (at) assert.deepEqual([error.range?.start.line, error.range?.start.column], at)
    return true
  })

test('a bind of a context depends on what it shows, and on nothing else', options, async () => {
  const { path, write } = context('FROM busybox\nRUN --mount=target=/src,source=src cat /src/*\n', {
    'src/a': 'one',
    'src/.hidden': 'x',
    other: 'o',
    '.dockerignore': 'src/ignored\n',
  })
  assert.match((await run(path)).log, /one/)
  assert.equal((await run(path)).done, 0)
  utimesSync(join(path, 'src/a'), 1, 1)
  write('other', 'changed')
  write('src/ignored', 'x')
  assert.equal((await run(path)).done, 0, 'times, other files and ignored files do not count')
  write('src/a', 'two')
  assert.match((await run(path)).log, /two/)
  execFileSync('chmod', ['755', join(path, 'src/a')])
  assert.equal((await run(path)).done, 1, 'a mode counts')
  write('src/.hidden', 'y')
  assert.equal((await run(path)).done, 1, 'a file that was not there to be read counts')
})

test('a bind of a stage depends on the path that it shows', options, async () => {
  const text = (shown: string, other: string) => `FROM busybox AS made
RUN mkdir /out && echo ${shown} > /out/shown && echo ${other} > /other
FROM busybox
RUN --mount=from=made,source=/out,target=/o cat /o/shown
RUN --mount=from=made,target=/made true
`
  const { path, write } = context(text('one', 'two'))
  assert.equal((await run(path)).done, 3)
  write('Dockerfile', text('one', 'three'))
  assert.equal((await run(path)).done, 2, 'the stage, and the step that sees all of it')
  write('Dockerfile', `${text('one', 'three').replace('RUN mkdir', 'RUN : again; mkdir')}`)
  assert.equal((await run(path)).done, 1, 'the same files again')
  write('Dockerfile', text('four', 'three'))
  assert.equal((await run(path)).done, 3)
})

test('stages that only a mount needs are built, and others are not', options, async () => {
  const { path } = context(`FROM busybox AS needed
RUN echo made > /made
FROM busybox AS unused
RUN exit 1
FROM busybox
RUN --mount=from=Needed,target=/n cat /n/made
`)
  assert.match((await run(path)).log, /made/)
})

test('a named context is mounted, a folder and an image', options, async () => {
  const { path } = context(`FROM busybox
RUN --mount=from=folder,target=/f,source=a --mount=from=base,target=/b cat /f && ls /b/bin/busybox
`)
  const folder = context('', { a: 'from the folder\n' })
  const { log } = await run(path, { buildContexts: { folder: folder.path, base: 'docker-image://busybox' } })
  assert.match(log, /from the folder\n\/b\/bin\/busybox/)
})

test('what is written through a mount is not in the context, the stage or the layer', options, async () => {
  const { path } = context(
    'FROM busybox\nRUN --mount=target=/c,rw rm /c/a && touch /c/b && ls /c\nRUN ls /c || true\n',
    {
      a: 'a',
    },
  )
  const { id } = await run(path)
  assert.deepEqual(readdirSync(path).sort(), ['Dockerfile', 'a'])
  const layers = store.snapshots.stack(images.get(id).snapshot)
  assert.ok(layers.every((layer) => !existsSync(join(layer, 'c'))))
})

test('a missing source is told with its place', options, async () => {
  const { path } = context('FROM busybox\nRUN --mount=target=/c,source=nowhere true\n')
  await fails(path, {}, { code: 'not_found', message: '"/nowhere": not found', at: [2, 30] })
  const stage = context('FROM busybox AS a\nFROM busybox\nRUN --mount=from=a,target=/c,source=/nowhere true\n')
  await fails(stage.path, {}, { code: 'not_found', message: '"/nowhere": not found' })
})

test('a cache mount is kept between builds, and is no part of any key or layer', options, async () => {
  const { path, write } = context(`FROM busybox
RUN --mount=type=cache,target=/cache echo more >> /cache/file; cat /cache/file
`)
  assert.equal((await run(path)).log, 'more\n')
  assert.equal((await run(path)).done, 0)
  const { log, id } = await run(path, { noCache: true })
  assert.equal(log, 'more\nmore\n')
  assert.ok(store.snapshots.stack(images.get(id).snapshot).every((layer) => !existsSync(join(layer, 'cache'))))
  const file = readFileSync(join(path, 'Dockerfile'), 'utf8')
  write('Dockerfile', file.replace('target=/cache', 'target=/cache,id=/cache,sharing=locked'))
  assert.equal((await run(path)).done, 0, 'id and sharing say nothing of the result')
  write('Dockerfile', file.replace('target=/cache', 'target=/cache,id=other'))
  assert.equal((await run(path, { noCache: true })).log, 'more\n')
  const named = await run(path, { noCache: true, buildArgs: { BUILDKIT_CACHE_MOUNT_NS: 'ns' } })
  assert.equal(named.log, 'more\n')
  assert.deepEqual(
    listCacheMounts(store).map(({ name, inUse, uses }) => [name, inUse, uses]),
    [
      ['/cache', false, 2],
      ['other', false, 1],
      ['ns/other', false, 1],
    ],
  )
  assert.deepEqual(store.check(), [])
})

test('a failed step leaves what it put into a cache', options, async () => {
  const { path, write } = context(
    'FROM busybox\nRUN --mount=type=cache,target=/c,id=kept touch /c/downloaded; exit 3\n',
  )
  await fails(path, {}, { code: 'failed', exitCode: 3 })
  write('Dockerfile', 'FROM busybox\nRUN --mount=type=cache,target=/c,id=kept ls /c\n')
  assert.equal((await run(path)).log, 'downloaded\n')
})

/** Two stages that run side by side, each with what the other is to see. */
const sideBySide = (step: (own: string, other: string) => string) => `FROM busybox AS a
${step('a', 'b')}
FROM busybox AS b
${step('b', 'a')}
FROM scratch
COPY --from=a /bin/busybox /a
COPY --from=b /bin/busybox /b
`
const meet = (place: string) => (own: string, other: string) =>
  `touch ${place}/${own}; i=0; until [ -e ${place}/${other} ] || [ $i = 600 ]; do sleep 0.1; i=$((i+1)); done`
const named = (name: string) => listCacheMounts(store).filter((mount) => mount.name === name).length

test('a locked cache is had by one step at a time', options, async () => {
  const { log } = await run(
    context(
      sideBySide(
        (own) =>
          `RUN --mount=type=cache,target=/c,id=locked,sharing=locked : ${own}; mkdir /c/x || echo met; sleep 0.3; rmdir /c/x`,
      ),
    ).path,
  )
  assert.ok(!log.includes('met'))
  assert.equal(named('locked'), 1)
})

test('a private cache is had by one step, another one by the other', options, async () => {
  const step = (own: string, other: string) =>
    `RUN --mount=type=cache,target=/c,id=private,sharing=private --mount=type=cache,target=/m,id=meeting touch /c/${own}; ${meet('/m')(own, other)}; ls /c`
  const { log } = await run(context(sideBySide(step)).path)
  assert.deepEqual(log.split('\n').sort(), ['', 'a', 'b'])
  assert.equal(named('private'), 2)
  assert.equal(named('meeting'), 1)
})

const secret = 'correct horse battery staple'

test('a secret is in a step, and nowhere else', options, async () => {
  const { path } = context(`FROM busybox
RUN --mount=type=secret,id=pass cat /run/secrets/pass; wc -c < /run/secrets/pass
RUN --mount=type=secret,id=pass,env=PASS echo "$PASS"; echo "$PASS" | tr a-z A-Z
RUN --mount=type=secret,id=pass,env=PASS printf 'correct horse '; sleep 0.2; echo battery staple >&2; echo 'battery staple'
`)
  const given = { secrets: { pass: { kind: 'value', value: secret } } } as const
  const { log, events, id } = await run(path, given)
  assert.equal(log.replace('battery staple\n', ''), `***${secret.length}\n***\n${secret.toUpperCase()}\n***\n`)
  assert.ok(!events.includes(secret))
  assert.equal((await run(path, { secrets: { pass: { kind: 'value', value: 'another one' } } })).done, 0)
  assert.ok(!JSON.stringify(images.config(images.get(id))).includes(secret))
  const found = execFileSync('sh', ['-c', `grep -rl "${secret}" "$1" || true`, 'sh', join(home, 'store')], {
    encoding: 'utf8',
  })
  assert.equal(found, '')
})

test('the process of a step finds its secret in memory only', options, async () => {
  const { path } = context(`FROM busybox
RUN --mount=type=secret,id=pass,env=PASS --mount=type=secret,id=pass grep /run/secrets /proc/mounts | cut -d' ' -f1-3; grep -rl "$PASS" /tmp /etc /dev/shm; true
`)
  const { log } = await run(path, { secrets: { pass: { kind: 'value', value: secret } } })
  assert.equal(log, 'tmpfs /run/secrets/pass tmpfs\n')
})

test('secrets come from files and variables; one that is required must be there', options, async () => {
  const { path } = context(`FROM busybox
RUN --mount=type=secret,id=file --mount=type=secret,id=env,env=E wc -c < /run/secrets/file; test "$E" = "$(printf 'value')" && echo same
`)
  writeFileSync(join(home, 'pass'), 'file')
  process.env.STRAKE_TEST_SECRET = 'value'
  const secrets = {
    file: { kind: 'file', path: join(home, 'pass') },
    env: { kind: 'env', name: 'STRAKE_TEST_SECRET' },
  } as const
  assert.equal((await run(path, { secrets })).log, '4\nsame\n')
  delete process.env.STRAKE_TEST_SECRET
  const needs = context('FROM busybox\nRUN --mount=type=secret,id=pass,required true\n')
  await fails(needs.path, {}, { code: 'not_found', message: 'secret pass: not found', at: [2, 5] })
  await fails(needs.path, { secrets: { pass: { kind: 'file', path: '/nowhere' } } }, { code: 'not_found' })
  await fails(
    needs.path,
    { secrets: { pass: { kind: 'file', path: home } } },
    { message: `read ${home}: is a directory` },
  )
  const large = { pass: { kind: 'value', value: 'x' }, big: { kind: 'file', path: '/bin/busybox' } } as const
  await fails(needs.path, { secrets: large }, { message: 'secret big too big. max size 500KB' })
})

test('an error of the runtime does not tell a secret', options, async () => {
  const { path } = context('FROM busybox\nRUN --mount=type=secret,id=pass,env=PASS true\n')
  await assert.rejects(
    run(path, { secrets: { pass: { kind: 'value', value: `${secret}\0` } } }),
    (error: StrakeError) => {
      return !error.message.includes(secret) && !String(error.stack).includes(secret)
    },
  )
})

test('what goes beyond isolation must be allowed', options, async () => {
  const insecure = context(
    'FROM busybox\nRUN --security=insecure grep -c ffffff /proc/self/status; mount -t tmpfs x /mnt\n',
  )
  await fails(insecure.path, {}, { code: 'denied', message: 'security.insecure is not allowed', at: [2, 5] })
  const allowed = context('FROM busybox\nRUN --security=insecure mkdir /m && mount -t tmpfs x /m && echo mounted\n')
  assert.match((await run(allowed.path, { allow: ['security.insecure'] })).log, /mounted/)
  const sandbox = context('FROM busybox\nRUN --security=sandbox mkdir /m && mount -t tmpfs x /m || echo refused\n')
  assert.match((await run(sandbox.path)).log, /refused/)

  const host = context('FROM busybox\nRUN --network=host ls /sys/class/net\n')
  await fails(host.path, {}, { code: 'denied', message: 'network.host is not allowed', at: [2, 5] })
  await run(host.path, { allow: ['network.host'] })
  await run(host.path, { network: 'host' })
  const unused = context('FROM busybox AS unused\nRUN --network=host true\nFROM busybox\nRUN true\n')
  await run(unused.path)

  const device = context('FROM busybox\nRUN --device=strake.test/none=all,required true\n')
  const refused = { code: 'denied', message: 'device strake.test/none=all is not allowed', at: [2, 5] } as const
  await fails(device.path, {}, { ...refused, at: [2, 5] })
  const missing = { code: 'not_found', message: 'required device "strake.test/none=all" is not registered' } as const
  for (const allow of ['device', 'device=strake.test/none', 'device=strake.test/none=all']) {
    await fails(device.path, { allow: [allow] }, missing)
  }
  await fails(
    device.path,
    { allow: ['network.hots'] },
    { code: 'invalid', message: 'unknown entitlement network.hots' },
  )
})

test('an SSH agent signs for a step, and does nothing else', options, async (t) => {
  try {
    execFileSync('sh', ['-c', 'command -v ssh-agent && command -v ssh-keygen && command -v ssh-add'])
  } catch {
    return t.skip('needs openssh-client')
  }
  const key = join(home, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'the key', '-f', key])
  const tools = join(home, 'tools')
  mkdirSync(tools)
  const program = execFileSync('sh', ['-c', 'command -v ssh-add'], { encoding: 'utf8' }).trim()
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
  for (const file of [program, ...libraries]) copyFileSync(file, join(tools, basename(file)))
  const loader = libraries.find((file) => /\/ld-/.test(file))!
  const add = `/t/${basename(loader)} --library-path /t /t/ssh-add`
  const { path } = context(`FROM busybox
RUN --mount=from=tools,target=/t --mount=type=ssh,mode=0660,uid=5,gid=6 ${add} -l; ${add} -D; ${add} -l; stat -c '%a %u:%g' $SSH_AUTH_SOCK
`)
  const more = { buildContexts: { tools } }
  const { log } = await run(path, { ...more, ssh: { default: [key] } })
  assert.match(log, /the key \(ED25519\)\nFailed to remove all identities.\n.*the key \(ED25519\)\n660 5:6\n$/s)
  const needs = context('FROM busybox\nRUN --mount=type=ssh,id=git,required true\n')
  await fails(needs.path, {}, { code: 'not_found', message: 'unset ssh forward key git', at: [2, 5] })
  await fails(needs.path, { ssh: { git: [join(path, 'Dockerfile')] } }, { code: 'invalid' })
  await fails(needs.path, { ssh: { git: ['/nowhere'] } }, { code: 'not_found' })
})
