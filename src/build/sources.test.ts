import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { member, writeTar } from '../../tests/support/tar.ts'
import { bootstrap, type Images, openImages } from '../images/mod.ts'
import type { ProgressEvent, StrakeError } from '../lib/mod.ts'
import { formatPlatform, parsePlatform, parseReference } from '../oci/mod.ts'
import { withoutDockerHub } from '../registry/testing.ts'
import { openStore, removeTree, type Store } from '../store/mod.ts'
import { build } from './build.ts'
import { git, serve, serveGit } from './context/testing.ts'
import type { BuildOptions } from './types.ts'

const root = process.getuid?.() === 0
const options = { skip: root ? false : 'needs root' }
let home: string
let store: Store
let images: Images

before(async () => {
  if (!root) return
  home = mkdtempSync('/var/tmp/strake-sources-')
  store = openStore(join(home, 'store'))
  images = openImages(store)
  Object.assign(process.env, withoutDockerHub(join(home, 'docker')))
  await bootstrap(store, images, { distribution: 'busybox', suite: 'latest' })
})
after(() => {
  if (!root) return
  store[Symbol.dispose]()
  removeTree(home)
})

let contexts = 0

function context(files: Record<string, string | Buffer>): string {
  const path = join(home, `context-${++contexts}`)
  mkdirSync(path)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content)
  }
  return path
}

async function run(path: string, dockerfile: string | undefined, more: Partial<BuildOptions> = {}) {
  const states: Record<string, string> = {}
  const progress = (event: ProgressEvent) => {
    if (event.kind === 'vertex' && event.step && event.state !== 'started') states[event.step.text] = event.state
  }
  const result = await build(store, images, {
    context: { kind: 'directory', path },
    ...(dockerfile !== undefined && { dockerfile }),
    network: 'none',
    ca: 'none',
    progress,
    ...more,
  })
  const image = images.get(result.id)
  return { id: result.id, states, image, config: images.config(image) }
}

/** What is in the topmost layer: paths of directories end with a slash; contents of files. */
async function top(
  path: string,
  dockerfile: string,
  more: Partial<BuildOptions> = {},
): Promise<Record<string, string>> {
  const { image } = await run(path, dockerfile, more)
  const found: Record<string, string> = {}
  const walk = (directory: string, prefix: string) => {
    for (const name of readdirSync(directory).sort()) {
      const stat = lstatSync(join(directory, name))
      if (stat.isDirectory()) {
        found[`${prefix}${name}/`] = ''
        walk(join(directory, name), `${prefix}${name}/`)
      } else found[prefix + name] = stat.isFile() ? readFileSync(join(directory, name), 'utf8') : 'special'
    }
  }
  walk(store.snapshots.dir(image.snapshot!), '')
  return found
}

const failure = (path: string, dockerfile: string, more: Partial<BuildOptions> = {}) =>
  run(path, dockerfile, more).then(
    () => assert.fail('it was built'),
    (error: StrakeError) => error,
  )

const tree = { 'a/b/c/f.txt': 'f', 'a/b/g.txt': 'g', 'a/b/h.md': 'h', 'a/b2/c/f.txt': 'f2', 'top.txt': 'top' }

test('--parents keeps the paths, from a pivot on', options, async () => {
  const path = context(tree)
  const copy = (rest: string) => top(path, `FROM scratch\nCOPY --parents ${rest} /o/\n`)
  const names = async (rest: string) => Object.keys(await copy(rest)).filter((name) => !name.endsWith('/'))
  assert.deepEqual(await names('a/b/g.txt top.txt'), ['o/a/b/g.txt', 'o/top.txt'])
  assert.deepEqual(await names('a/./b/g.txt'), ['o/b/g.txt'])
  assert.deepEqual(await names('a/*/./c'), ['o/c/f.txt'])
  assert.deepEqual(await names('./**/f.txt'), ['o/a/b/c/f.txt', 'o/a/b2/c/f.txt'])
  assert.deepEqual(await copy('a/b2/**/nothing'), { 'o/': '' })
  assert.deepEqual(await copy('.'), { 'o/': '' })
  assert.deepEqual(await names('--exclude=**/*.txt a/b'), ['o/a/b/h.md'])
  assert.equal((await failure(path, 'FROM scratch\nCOPY --parents no/./x /o/\n')).code, 'not_found')
})

test('--exclude leaves out what is below a source, not the source itself', options, async () => {
  const path = context(tree)
  assert.deepEqual(await top(path, 'FROM scratch\nCOPY --exclude=b/* --exclude=!b/g.txt --exclude=b2 a /o/\n'), {
    'o/': '',
    'o/b/': '',
    'o/b/g.txt': 'g',
  })
  assert.deepEqual(await top(path, 'FROM scratch\nCOPY --exclude=*.txt top.txt /o/\n'), {
    'o/': '',
    'o/top.txt': 'top',
  })
  const error = await failure(path, 'FROM scratch\nCOPY --exclude=[ a /o/\n')
  assert.deepEqual([error.code, error.range?.start], ['invalid', { line: 2, column: 6 }])
})

test('what is excluded is no reason to copy again', options, async () => {
  const path = context(tree)
  const dockerfile = 'FROM scratch\nCOPY --exclude=**/*.md a /o/\n'
  await run(path, dockerfile)
  writeFileSync(join(path, 'a/b/h.md'), 'changed')
  assert.equal((await run(path, dockerfile)).states['COPY --exclude=**/*.md a /o/'], 'cached')
  writeFileSync(join(path, 'a/b/g.txt'), 'changed')
  assert.equal((await run(path, dockerfile)).states['COPY --exclude=**/*.md a /o/'], 'done')
})

test('--link does not depend on what is below, and does not look at it', options, async () => {
  const path = context(tree)
  const dockerfile = (base: string) =>
    `FROM busybox\nRUN mkdir /real && chmod 700 /real && ln -s /real /link && echo ${base}\nCOPY --link top.txt /link/\nCOPY --link top.txt /real/\n`
  const first = await run(path, dockerfile('one'))
  const [real, link] = store.snapshots.ancestry(first.image.snapshot).map(({ id }) => store.snapshots.dir(id))
  assert.ok(lstatSync(join(link!, 'link')).isDirectory())
  assert.equal(lstatSync(join(real!, 'real')).mode & 0o777, 0o755)
  const second = await run(path, dockerfile('two'))
  assert.deepEqual(
    ['COPY --link top.txt /link/', 'COPY --link top.txt /real/'].map((step) => second.states[step]),
    ['cached', 'cached'],
  )
  assert.deepEqual(second.config.rootfs.diff_ids.slice(-2), first.config.rootfs.diff_ids.slice(-2))
  // With a mode it is an ordinary copy, as BuildKit makes it.
  const modes = await run(path, 'FROM busybox\nRUN ln -s /tmp /l\nCOPY --link --chmod=600 top.txt /l/\n')
  assert.ok(readdirSync(store.snapshots.dir(modes.image.snapshot!)).includes('tmp'))
})

test('mistakes in the sources of COPY, at their place', options, async () => {
  const path = context(tree)
  for (const [dockerfile, message, hint] of [
    ['FROM scratch AS one\nCOPY --from=one a /', /circular dependency detected on stage: one/, /./],
    ['FROM scratch AS one\nCOPY --from=two a /\nFROM scratch AS two\nFROM one', /cannot copy from stage "two"/, /./],
    ['FROM scratch\nCOPY --from=7 a /', /invalid stage index 7/, /./],
    ['FROM scratch\nARG X=a\nCOPY --from=$X a /', /variable expansion is not supported for --from/, /AS name/],
    [
      'FROM scratch AS builder\nCOPY a /\nFROM scratch\nCOPY --from=bulder a /',
      /no such image/,
      /Did you mean the stage builder/,
    ],
    ['FROM scratch\nCOPY "two words" /x/', /looking for matching double-quote/, /COPY \["a path\/"/],
    ['FROM scratch\nCOPY https://example.com/x /', /source can't be a URL for COPY/, /ADD/],
    ['FROM scratch\nCOPY https://example.com/x.git /', /source can't be a git ref for COPY/, /ADD/],
  ] as const) {
    const error = await failure(path, `${dockerfile}\n`)
    assert.match(error.message, message)
    assert.match(error.hint ?? '', hint)
    assert.ok(error.range, dockerfile)
  }
})

test('archives are unpacked or not as asked', options, async () => {
  const tar = writeTar([member.file('in/tar', 'packed', { mode: 0o640 })])
  const path = context({ 'x.tar': tar })
  using server = await serve((_, response) => response.end(tar))
  const add = async (rest: string) => Object.keys(await top(path, `FROM scratch\nADD ${rest} /o/\n`))
  assert.deepEqual(await add('x.tar'), ['o/', 'o/in/', 'o/in/tar'])
  assert.deepEqual(await add('--unpack=false x.tar'), ['o/', 'o/x.tar'])
  assert.deepEqual(await add(`${server.url}/y.tar`), ['o/', 'o/y.tar'])
  assert.deepEqual(await add(`--unpack ${server.url}/y.tar x.tar`), ['o/', 'o/in/', 'o/in/tar'])
  const { image } = await run(path, 'FROM scratch\nADD --chmod=700 --chown=5:6 x.tar /o/\n')
  const stat = lstatSync(join(store.snapshots.dir(image.snapshot!), 'o/in/tar'))
  assert.deepEqual([stat.mode & 0o777, stat.uid, stat.gid], [0o640, 5, 6])
})

test('a large bzip2 archive is known as one', options, async () => {
  const noise = Buffer.alloc(300_000)
  for (let i = 0; i < noise.length; i++) noise[i] = (i * 2654435761) >>> 13
  const path = context({ 'x.tar.bz2': execFileSync('bzip2', ['-c'], { input: writeTar([member.file('in', noise)]) }) })
  assert.deepEqual(Object.keys(await top(path, 'FROM scratch\nADD x.tar.bz2 /\n')), ['in'])
})

test('a URL is asked again, a checksum spares that', options, async () => {
  let content = 'one'
  using server = await serve((_, response) => response.end(content))
  const path = context({})
  const dockerfile = `FROM scratch\nADD ${server.url}/file /\n`
  const step = `ADD ${server.url}/file /`
  assert.deepEqual(await top(path, dockerfile), { file: 'one' })
  assert.equal((await run(path, dockerfile)).states[step], 'cached')
  content = 'two'
  assert.equal((await run(path, dockerfile)).states[step], 'done')
  const checksum = `sha256:${createHash('sha256').update('two').digest('hex')}`
  const checked = `FROM scratch\nARG SUM=${checksum}\nADD --checksum=$SUM ${server.url}/file /\n`
  await run(path, checked)
  content = 'three'
  const before = server.requests.length
  assert.deepEqual(await top(path, checked), { file: 'two' })
  assert.equal(server.requests.length, before)
  const error = await failure(
    path,
    `FROM scratch\nADD --checksum=${checksum.replace(/.$/, '0')} ${server.url}/file /\n`,
  )
  assert.match(error.message, /digest mismatch/)
  for (const wrong of [`${server.url}/a ${server.url}/b`, 'local']) {
    const { message, range } = await failure(path, `FROM scratch\nADD --checksum=${checksum} ${wrong} /o/\n`)
    assert.match(message, /^checksum (can't be specified for multiple sources|requires HTTP)/)
    assert.deepEqual(range?.start, { line: 2, column: 5 })
  }
})

test('git repositories: as a source, as the context, as a named context', options, async () => {
  const folder = join(home, 'repositories/app.git')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  git(folder, 'init', '--quiet')
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\n')
  writeFileSync(join(folder, 'sub/file'), 'one')
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'one')
  await using server = await serveGit(join(home, 'repositories'))
  const url = `${server.url}/app.git`
  const path = context({})
  const dockerfile = `FROM scratch\nADD --exclude=Docker* ${url} /o/\n`
  const step = `ADD --exclude=Docker* ${url} /o/`
  assert.deepEqual(await top(path, dockerfile), { 'o/': '', 'o/sub/': '', 'o/sub/file': 'one' })
  assert.equal((await run(path, dockerfile)).states[step], 'cached')
  assert.ok('o/.git/' in (await top(path, `FROM scratch\nADD --keep-git-dir ${url} /o/\n`)))
  assert.deepEqual(
    await top(path, 'FROM scratch\nCOPY --from=repo file /\n', { buildContexts: { repo: `${url}#main:sub` } }),
    { file: 'one' },
  )
  for (const context of [
    { kind: 'git', url },
    { kind: 'git', url: `file://${folder}` },
  ] as const) {
    const { image } = await run(path, undefined, { context })
    assert.deepEqual(readdirSync(store.snapshots.dir(image.snapshot!)).sort(), ['Dockerfile', 'sub'])
  }
  const { image } = await run(path, undefined, {
    context: { kind: 'git', url },
    buildArgs: { BUILDKIT_CONTEXT_KEEP_GIT_DIR: '1' },
  })
  assert.ok(readdirSync(store.snapshots.dir(image.snapshot!)).includes('.git'))
  writeFileSync(join(folder, 'sub/file'), 'two')
  git(folder, 'commit', '--quiet', '-am', 'two')
  assert.equal((await run(path, dockerfile)).states[step], 'done')
  for (const flag of ['--keep-git-dir', '--checksum=0123456789012345678901234567890123456789']) {
    const other = flag === '--keep-git-dir' ? '?keep-git-dir=0' : '?checksum=abc'
    assert.match((await failure(path, `FROM scratch\nADD ${flag} ${url}${other} /\n`)).message, /inconsistent|mismatch/)
  }
})

test('a context behind a URL is an archive, or a Dockerfile alone', options, async () => {
  using server = await serve((request, response) =>
    response.end(
      request.url === '/tar'
        ? writeTar([member.file('Dockerfile', 'FROM scratch\nCOPY x /\n'), member.file('x', 'x')])
        : 'FROM scratch\nENV ALONE=1\n',
    ),
  )
  const at = (name: string) => run('', undefined, { context: { kind: 'url', url: `${server.url}/${name}` } })
  assert.deepEqual(readdirSync(store.snapshots.dir((await at('tar')).image.snapshot!)), ['x'])
  assert.ok((await at('dockerfile')).config.config?.Env?.includes('ALONE=1'))
})

test('a stage is for its platform, the image for that of the build', options, async () => {
  const path = context({})
  images.tag(images.get('busybox'), parseReference('localhost:1/base'))
  const platform = parsePlatform('linux/arm/v6')
  const dockerfile = `FROM --platform=$BUILDPLATFORM busybox AS build
RUN echo made > /made
FROM scratch AS final
ARG TARGETPLATFORM TARGETVARIANT TARGETSTAGE TARGETOSVERSION BUILDOS
ENV SEEN=$TARGETPLATFORM,$TARGETVARIANT,$TARGETSTAGE,$TARGETOSVERSION,$BUILDOS
COPY --from=build /made /
`
  const { config } = await run(path, dockerfile, { platform })
  assert.equal(formatPlatform(config), 'linux/arm/v6')
  assert.ok(config.config?.Env?.includes('SEEN=linux/arm/v6,v6,final,,linux'))
  const foreign = await failure(path, 'FROM --platform=linux/s390x localhost:1/base\n')
  assert.match(
    foreign.message,
    /base was found but its platform \(.*\) does not match the specified platform \(linux\/s390x\)/,
  )
  assert.equal((await failure(path, 'FROM localhost:1/base\n', { platform })).code, 'not_found')
  for (const [value, message, hint] of [
    ['bogus', /failed to parse platform bogus: "bogus": unknown operating system or architecture/, /linux\/amd64/],
    ['$NOPE', /empty platform value from expression \$NOPE/, /ARGs before the first FROM/],
    ['$BULDPLATFORM', /empty platform value/, /Did you mean BUILDPLATFORM/],
  ] as const) {
    const error = await failure(path, `FROM --platform=${value} busybox\n`)
    assert.match(error.message, message)
    assert.match(error.hint ?? '', hint)
    assert.deepEqual(error.range?.start, { line: 1, column: 6 })
  }
})

test('a context stands in for a stage of its name, and for an image of one platform', options, async () => {
  const path = context({ file: 'x' })
  const dockerfile = 'FROM busybox AS one\nRUN false\nFROM one\nCOPY file /\n'
  assert.deepEqual(await top(path, dockerfile, { buildContexts: { one: 'docker-image://busybox' } }), { file: 'x' })
  const image = (for_: string) => ({ buildContexts: { [`localhost:1/nothing:1::${for_}`]: path } })
  const from = 'FROM localhost:1/nothing:1\nENV A=1\n'
  const host = images.config(images.get('busybox'))
  assert.deepEqual(await top(path, from, image(formatPlatform(host))), { file: 'x' })
  assert.equal((await failure(path, from, image('linux/s390x'))).code, 'unavailable')
})

test('a context that is a folder is there, also where nothing asks for it', options, async () => {
  const { message } = await failure(context({}), 'FROM busybox\n', { buildContexts: { typo: 'no/such' } })
  assert.equal(message, 'failed to get build context typo: stat no/such: no such file or directory')
})

test("BuildKit's own arguments, and frontends", options, async () => {
  const path = context({ file: 'x' })
  const base = 'FROM busybox\nRUN hostname > /h\n'
  assert.equal((await top(path, base)).h, 'buildkitsandbox\n')
  assert.equal((await top(path, base, { buildArgs: { BUILDKIT_SANDBOX_HOSTNAME: 'other' } })).h, 'other\n')
  for (const name of [
    'docker/dockerfile:1',
    'docker.io/docker/dockerfile-upstream:master',
    'mirror.test/x/dockerfile:1-labs',
  ]) {
    await run(path, `# syntax=${name}\n${base}`)
    await run(path, base, { buildArgs: { BUILDKIT_SYNTAX: `${name} option` } })
  }
  const other = await failure(path, '// syntax=example.com/language:1\nlet x = 1\n')
  assert.deepEqual([other.code, other.range?.start.line], ['unsupported', 1])
  assert.match(other.message, /frontend example\.com\/language:1/)
  assert.equal((await failure(path, base, { buildArgs: { BUILDKIT_SYNTAX: 'a/b' } })).code, 'unsupported')
  assert.match(
    (await failure(path, `# check=error=true\n${base}CMD x\n`)).message,
    /lint violation found for rules: JSONArgs/,
  )
  await run(path, `# check=error=true\n${base}CMD x\n`, { buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'skip=all' } })
  assert.match(
    (await failure(path, base, { buildArgs: { BUILDKIT_MULTI_PLATFORM: 'x' } })).message,
    /multi-platform: x/,
  )
  await run(path, base, {
    buildArgs: { BUILDKIT_MULTI_PLATFORM: '1', BUILDKIT_INLINE_CACHE: '1', BUILDKIT_BUILD_NAME: 'n' },
  })
})

test('proxies are in no cache key and no history', options, async () => {
  const path = context({})
  const dockerfile = 'FROM busybox\nRUN echo $HTTP_PROXY\n'
  const first = await run(path, dockerfile, { buildArgs: { HTTP_PROXY: 'http://one.test' } })
  const second = await run(path, dockerfile, { buildArgs: { HTTP_PROXY: 'http://two.test' } })
  assert.equal(second.states['RUN echo $HTTP_PROXY'], 'cached')
  assert.ok(!JSON.stringify(first.config).includes('one.test'))
})
