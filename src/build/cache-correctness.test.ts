import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, utimesSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { sys } from '../host/mod.ts'
import { parsePlatform, parseReference } from '../oci/mod.ts'
import { type Context, Workshop } from './testing.ts'
import type { BuildOptions } from './types.ts'

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' }
let workshop: Workshop

// A store for each test: what one leaves in the cache would be found by another.
beforeEach(async () => {
  if (options.skip) return
  workshop = await Workshop.open()
  workshop.images.tag(workshop.images.find('busybox')!, parseReference('base'))
})
afterEach(() => workshop?.[Symbol.dispose]())

/** Two stages that do not depend on each other, and one that takes the result of both. */
const dockerfile = `FROM base AS a
ARG VERSION=1
RUN echo $VERSION > /version
COPY one /one
RUN cat /one/* > /a; ls /one >> /a

FROM base AS b
ENV COLOR=red
COPY --chmod=755 two/file /two/
RUN echo $COLOR > /b

FROM base
WORKDIR /srv
COPY --from=a /a ./
COPY --from=b /b ./
LABEL made=here
`

const steps = {
  version: 'RUN echo $VERSION > /version',
  one: 'COPY one /one',
  catOne: 'RUN cat /one/* > /a; ls /one >> /a',
  two: 'COPY --chmod=755 two/file /two/',
  color: 'RUN echo $COLOR > /b',
  workdir: 'WORKDIR /srv',
  fromA: 'COPY --from=a /a ./',
  fromB: 'COPY --from=b /b ./',
}
const all = Object.values(steps)

function fresh(): Context {
  const context = workshop.context({
    Dockerfile: dockerfile,
    'one/x': 'x\n',
    'one/y': 'y\n',
    'two/file': 'two\n',
    'two/other': 'other\n',
    'ignored.log': 'log\n',
    '.dockerignore': '*.log\n',
  })
  context.link('one/link', 'x')
  return context
}

function replace(context: Context, from: string, to: string): void {
  const text = readFileSync(context.at('Dockerfile'), 'utf8')
  assert.ok(text.includes(from))
  context.write('Dockerfile', text.replace(from, to))
}

interface Case {
  readonly change: (context: Context) => void
  readonly options?: Partial<BuildOptions>
  /** Steps that are done again. */
  readonly misses: readonly string[]
  /** What is said of the first of them. */
  readonly why?: RegExp
}

const throughA = [steps.one, steps.catOne, steps.fromA, steps.fromB]

const cases: Readonly<Record<string, Case>> = {
  'nothing at all': { change: () => {}, misses: [] },
  'the content of a file': {
    change: (context) => context.write('one/x', 'X\n'),
    misses: throughA,
    why: /^one\/x changed \(content\)$/,
  },
  'the same content, written anew': { change: (context) => context.write('one/x', 'x\n'), misses: [] },
  'times of files and folders': {
    change(context) {
      for (const name of ['one', 'one/x', 'two/file']) utimesSync(context.at(name), 1000, 1000)
    },
    misses: [],
  },
  // What a step makes of it is the same: what stands on that by content stays.
  'the mode of a file': {
    change: (context) => chmodSync(context.at('one/x'), 0o600),
    misses: [steps.one, steps.catOne],
    why: /^one\/x changed \(mode\)$/,
  },
  // The destination does not take it, so that the layer is the same.
  'the mode of a folder': {
    change: (context) => chmodSync(context.at('one'), 0o700),
    misses: [steps.one],
    why: /^one changed \(mode\)$/,
  },
  // Everything that comes from a context is root's.
  'the owner of a file of the context': { change: (context) => chownSync(context.at('one/x'), 1, 1), misses: [] },
  'the target of a symlink': {
    change: (context) => context.link('one/link', 'y'),
    misses: throughA,
    why: /^one\/link changed \(target\)$/,
  },
  'a file in place of a symlink': {
    change: (context) => context.write('one/link', 'x\n', 0o777),
    misses: [steps.one, steps.catOne],
    why: /^one\/link changed \(kind\)$/,
  },
  'a new file': {
    change: (context) => context.write('one/z', 'z\n'),
    misses: throughA,
    why: /^one\/z is new$/,
  },
  'a file less': {
    change: (context) => context.remove('one/y'),
    misses: throughA,
    why: /^one\/y is gone$/,
  },
  'another name': {
    change: (context) => renameSync(context.at('one/y'), context.at('one/w')),
    misses: throughA,
    why: /^one\/w is new, and 1 more$/,
  },
  'an empty folder': {
    change: (context) => mkdirSync(context.at('one/z')),
    misses: throughA,
    why: /^one\/z is new$/,
  },
  'a file that no step names': { change: (context) => context.write('two/other', 'changed\n'), misses: [] },
  'an ignored file': { change: (context) => context.write('ignored.log', 'more\n'), misses: [] },
  'an ignore pattern that hits': {
    change: (context) => context.write('.dockerignore', '*.log\none/y\n'),
    misses: throughA,
    why: /^one\/y is gone$/,
  },
  'an ignore pattern that hits nothing': {
    change: (context) => context.write('.dockerignore', '# logs\n*.log\n*.tmp\n'),
    misses: [],
  },
  'an argument that is used': {
    change: () => {},
    options: { buildArgs: { VERSION: '2' } },
    misses: [steps.version, ...throughA.slice(0, 2)],
    why: /^ARG VERSION: 1 → 2$/,
  },
  'the value that an argument has anyway': { change: () => {}, options: { buildArgs: { VERSION: '1' } }, misses: [] },
  'a proxy': { change: () => {}, options: { buildArgs: { http_proxy: 'http://proxy.test' } }, misses: [] },
  'the default of an argument': {
    change: (context) => replace(context, 'VERSION=1', 'VERSION=1.1'),
    misses: [steps.version, ...throughA.slice(0, 2)],
    why: /^ARG VERSION: 1 → 1\.1$/,
  },
  // COPY does not see it.
  'a variable': {
    change: (context) => replace(context, 'COLOR=red', 'COLOR=blue'),
    misses: [steps.color, steps.fromB],
    why: /^ENV COLOR: red → blue$/,
  },
  'a new variable': {
    change: (context) => replace(context, 'COLOR=red', 'COLOR=red SIZE=1'),
    misses: [steps.color],
    why: /^ENV SIZE is new: 1$/,
  },
  'an option of COPY': {
    change: (context) => replace(context, '--chmod=755 two/file', '--chown=1 --chmod=755 two/file'),
    misses: ['COPY --chown=1 --chmod=755 two/file /two/', steps.color],
    why: /^instruction changed: was COPY --chmod=755 two\/file \/two\/$/,
  },
  'an instruction': {
    change: (context) => replace(context, 'cat /one/* > /a', 'cat /one/x > /a'),
    misses: ['RUN cat /one/x > /a; ls /one >> /a', steps.fromA, steps.fromB],
    why: /^instruction changed: was RUN cat \/one\/\* > \/a; ls \/one >> \/a$/,
  },
  'a comment and blank lines': {
    change: (context) => replace(context, 'FROM base AS b', '# the second one\n\n\nFROM base AS b'),
    misses: [],
  },
  'the name of a stage': {
    change(context) {
      replace(context, 'AS a\n', 'AS first\n')
      replace(context, '--from=a', '--from=first')
    },
    misses: [],
  },
  'the order of independent stages': {
    change(context) {
      const [a, b, last] = readFileSync(context.at('Dockerfile'), 'utf8').split('\n\n')
      context.write('Dockerfile', [b, a, last].join('\n\n'))
    },
    misses: [],
  },
  'a label': { change: (context) => replace(context, 'made=here', 'made=there'), misses: [] },
  'the working directory': {
    change: (context) => replace(context, 'WORKDIR /srv', 'WORKDIR /opt'),
    misses: ['WORKDIR /opt', steps.fromA, steps.fromB],
    why: /^instruction changed: was WORKDIR \/srv$/,
  },
  'the user': {
    change: (context) => replace(context, 'RUN echo $COLOR', 'USER 7:7\nRUN true\nUSER 0\nRUN echo $COLOR'),
    misses: ['RUN true', steps.color],
    why: /^instruction changed: was RUN echo \$COLOR > \/b$/,
  },
  'the network': {
    change: () => {},
    options: { network: 'host' },
    misses: [steps.version, steps.one, steps.catOne, steps.color],
    why: /^--network: none → host$/,
  },
  'one stage without cache': {
    change: () => {},
    options: { noCacheFilter: ['B'] },
    misses: [steps.two, steps.color],
    why: /^--no-cache-filter b$/,
  },
  'no cache': { change: () => {}, options: { noCache: true }, misses: all, why: /^--no-cache$/ },
}

for (const [name, { change, options: more = {}, misses, why }] of Object.entries(cases)) {
  test(`cache: ${name}`, options, async () => {
    const context = fresh()
    await workshop.build(context)
    change(context)
    const built = await workshop.build(context, more)
    assert.deepEqual([...built.done].sort(), [...misses].sort())
    if (why) assert.match(built.why[misses[0]!] ?? '', why)
    // What was done is found from now on.
    const again = await workshop.build(context, { ...more, noCache: false, noCacheFilter: [] })
    assert.deepEqual(again.done, [])
  })
}

test('cache: another base', options, async () => {
  const context = fresh()
  await workshop.build(context)
  const other = await workshop.build(workshop.context({ Dockerfile: 'FROM busybox\nRUN echo other > /other\n' }))
  workshop.images.tag(workshop.image(other), parseReference('base'))
  const built = await workshop.build(context)
  // What comes out of the stages is the same, but nothing stands on the new base yet.
  assert.deepEqual([...built.done].sort(), [...all].sort())
  assert.match(built.why[steps.version]!, /^base base is now sha256:[0-9a-f]{12}…$/)
  assert.match(built.why[steps.one]!, /^step \d+ gave another result: RUN echo \$VERSION > \/version$/)
})

test('cache: owners and attributes count where they are kept', options, async () => {
  const folder = workshop.context({ 'etc/file': 'text\n' })
  const context = workshop.context({
    Dockerfile: 'FROM scratch AS files\nADD files.tar /\nFROM scratch\nCOPY --from=files /etc /etc\n',
  })
  const pack = () => {
    const tar = ['--xattrs', '--xattrs-include=*', '--format=pax', '-cf', context.at('files.tar'), 'etc']
    execFileSync('tar', ['-C', folder.path, '--sort=name', '--pax-option=delete=atime,delete=ctime', ...tar])
  }
  const both = ['ADD files.tar /', 'COPY --from=files /etc /etc']
  const build = async () => {
    pack()
    return await workshop.build(context)
  }
  await build()
  assert.deepEqual((await build()).done, [])
  chownSync(folder.at('etc/file'), 5, 6)
  const owner = await build()
  assert.deepEqual(owner.done, both)
  assert.equal(owner.why[both[1]!], '/etc/file changed (owner) in stage files')
  sys.lsetxattr(folder.at('etc/file'), 'user.note', Buffer.from('1'))
  const attribute = await build()
  assert.deepEqual(attribute.done, both)
  assert.equal(attribute.why[both[1]!], '/etc/file changed (xattrs) in stage files')
  utimesSync(folder.at('etc/file'), 1000, 1000)
  // The archive is another one, what is copied out of it is not.
  assert.deepEqual((await build()).done, [both[0]])
})

test('cache: here-documents, shells and scripts', options, async () => {
  const context = workshop.context()
  const build = async (content: string, shell = 'sh') => {
    context.write(
      'Dockerfile',
      `FROM busybox\nSHELL ["/bin/${shell}", "-c"]\nCOPY <<EOF /file\n${content}\nEOF\nRUN true\n`,
    )
    return await workshop.build(context)
  }
  await build('one')
  assert.deepEqual((await build('one')).done, [])
  const changed = await build('two')
  assert.equal(changed.done.length, 2)
  assert.match(Object.values(changed.why).join('\n'), /the here-document EOF changed/)
  const shell = await build('two', 'ash')
  assert.deepEqual(shell.done, ['RUN true'])
  assert.equal(shell.why['RUN true'], 'command: /bin/sh -c true → /bin/ash -c true')
})

test('cache: a record that was removed, and a first build', options, async () => {
  const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN echo pruned > /pruned\nCOPY f /f\n', f: 'f' })
  const first = await workshop.build(context)
  assert.deepEqual(new Set(Object.values(first.why)), new Set(['first build on this machine']))
  workshop.store.db.exec(`DELETE FROM cache WHERE description LIKE 'RUN echo pruned%' OR description = 'COPY f /f'`)
  const again = await workshop.build(context)
  assert.deepEqual(again.why, {
    'RUN echo pruned > /pruned': 'its record was pruned',
    'COPY f /f': 'its record was pruned',
  })
  // The same project at another place is known by what it does.
  const moved = workshop.context({ Dockerfile: readFileSync(context.at('Dockerfile'), 'utf8'), f: 'changed' })
  const elsewhere = await workshop.build(moved)
  assert.deepEqual(elsewhere.why, { 'COPY f /f': 'f changed (content)' })
})

test('cache: one changed file among many is named', options, async () => {
  const context = workshop.context({ Dockerfile: 'FROM scratch\nCOPY src /src\n' })
  for (let i = 0; i < 3000; i++) context.write(`src/d${i % 30}/f${i}`, `${i}`)
  await workshop.build(context)
  context.write('src/d7/f37', 'changed')
  const built = await workshop.build(context)
  assert.equal(built.why['COPY src /src'], 'src/d7/f37 changed (content)')
  context.write('src/d0/f0', 'changed')
  context.remove('src/d29/f2999')
  context.write('src/new', 'new')
  const several = await workshop.build(context)
  assert.equal(several.why['COPY src /src'], 'src/d0/f0 changed (content), and 2 more')
})

test('cache: what mounts bring counts, and secrets do not', options, async () => {
  const command = 'RUN --mount=target=/src,source=one --mount=type=secret,id=key cat /src/x /run/secrets/key >/dev/null'
  const context = workshop.context({ Dockerfile: `FROM busybox\n${command}\n`, 'one/x': 'x', two: '2' })
  const build = (value: string) => workshop.build(context, { secrets: { key: { kind: 'value', value } } })
  await build('first')
  context.write('two', 'not mounted')
  assert.deepEqual((await build('second')).done, [])
  context.write('one/x', 'changed')
  const changed = await build('second')
  assert.deepEqual(changed.done, [command])
  assert.match(changed.why[command]!, /x changed \(content\)$/)
})

test('cache: each platform finds its own, and shares what does not depend on it', options, async () => {
  const [one, other] = [parsePlatform('linux/amd64'), parsePlatform('linux/arm64')]
  workshop.indexBase('both', [one, other])
  const own = 'RUN echo $TARGETARCH >/arch'
  const common = 'RUN echo all >/all'
  const file = 'COPY bin-$TARGETARCH /bin/own'
  const dockerfile = `FROM both\n${common}\nARG TARGETARCH\n${own}\n${file}\nRUN cat /bin/own\n`
  const context = workshop.context({ Dockerfile: dockerfile, 'bin-amd64': 'a', 'bin-arm64': 'b' })
  await workshop.build(context, { platform: one })
  const first = await workshop.build(context, { platform: other })
  assert.deepEqual(first.done, [own, file, 'RUN cat /bin/own'])
  assert.equal(first.why[own], 'ARG TARGETARCH: amd64 → arm64')
  const missed = async (platform: BuildOptions['platform'], more: Partial<BuildOptions> = {}) => {
    const { record } = await workshop.build(context, { platform: platform!, ...more })
    return record.steps.flatMap(({ name, state }) => (state === 'done' && / (RUN|COPY) /.test(name) ? [name] : []))
  }
  assert.deepEqual(await missed([one, other]), [])
  assert.deepEqual(await missed([other, one], { requireCache: true }), [])
  context.write('bin-arm64', 'changed')
  assert.deepEqual(await missed(one), [])
  assert.deepEqual(await missed([one, other]), [
    '[linux/arm64 4/5] COPY bin-$TARGETARCH /bin/own',
    '[linux/arm64 5/5] RUN cat /bin/own',
  ])
  assert.deepEqual(await missed(other), [])
})
