import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { bootstrap, type Images, openImages } from '../images/mod.ts'
import { hashLayer } from '../layers/mod.ts'
import type { ProgressEvent, StrakeError } from '../lib/mod.ts'
import { openStore, removeTree, type Store } from '../store/mod.ts'
import { build } from './build.ts'
import type { BuildOptions } from './types.ts'

const root = process.getuid?.() === 0
const options = { skip: root ? false : 'needs root' }
let home: string
let store: Store
let images: Images

before(async () => {
  if (!root) return
  home = mkdtempSync('/var/tmp/strake-build-')
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

/** A context with these files; a Dockerfile among them. */
function context(files: Record<string, string>): { path: string; write(path: string, text: string): void } {
  const path = join(home, `context-${++contexts}`)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  return { path, write }
}

/** Builds, and tells of each step whether it was cached. */
async function run(path: string, more: Partial<BuildOptions> = {}) {
  const steps: Record<string, string> = {}
  const log: Buffer[] = []
  const progress = (event: ProgressEvent) => {
    if (event.kind === 'vertex' && event.step && event.state !== 'started') steps[event.step.text] = event.state
    if (event.kind === 'log') log.push(Buffer.from(event.data))
  }
  const result = await build(store, images, {
    context: { kind: 'directory', path },
    network: 'none',
    ca: 'none',
    progress,
    ...more,
  })
  const done = Object.entries(steps).flatMap(([text, state]) =>
    state === 'done' && !/^(FROM|ARG|ENV|CMD|LABEL)/.test(text) ? [text] : [],
  )
  return { ...result, steps, done, log: Buffer.concat(log).toString(), config: images.config(images.get(result.id)) }
}

const dockerfile = `FROM busybox
ARG GREETING=hello
RUN echo $GREETING > /greeting
COPY src /app/src
RUN cat /app/src/*
COPY other /app/
CMD ["cat", "/greeting"]
`

test('files that did not change are shared with the layer of the build before', options, async () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`src/${i}`, `text ${i}`]))
  const { path, write } = context({ Dockerfile: 'FROM scratch\nCOPY src /app\n', ...many, 'src/gone': '' })
  const layerOf = async (more: Partial<BuildOptions> = {}) => {
    // A file is known by its times only when the clock has gone on since it was written.
    await setTimeout(100)
    const { id } = await run(path, more)
    return store.snapshots.dir(images.get(id).snapshot!)
  }
  const inode = (layer: string, name: string) => lstatSync(join(layer, 'app', name)).ino
  const first = await layerOf()
  write('src/7', 'changed')
  rmSync(join(path, 'src/gone'))
  const second = await layerOf()
  assert.equal(readFileSync(join(second, 'app/7'), 'utf8'), 'changed')
  assert.notEqual(inode(second, '7'), inode(first, '7'))
  for (const i of [0, 8, 299]) assert.equal(inode(second, `${i}`), inode(first, `${i}`))
  const { diffId } = await hashLayer(second)
  const other = await layerOf({ noCache: true })
  assert.notEqual(inode(other, '0'), inode(first, '0'), 'a build without cache takes nothing from before')
  assert.equal((await hashLayer(other)).diffId, diffId)
  assert.deepEqual(store.check(), [])
})

test('an edited context gives the image of a build without cache', options, async () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`src/${i % 30}/${i}`, `text ${i}`]))
  const { path, write } = context({
    Dockerfile:
      'FROM busybox\nCOPY src /app\nRUN find /app -type f | xargs cat | cksum > /sum; rm /app/1/1; echo >> /app/2/2\n',
    ...many,
  })
  symlinkSync('1', join(path, 'src/link'))
  const edit = async (change: () => void, over: boolean) => {
    change()
    // A file is known by its times only when the clock has gone on since it was written.
    await setTimeout(100)
    const { id } = await run(path)
    const stack = store.snapshots.ancestry(images.get(id).snapshot)
    assert.equal(stack[1]!.sharing?.over ?? false, over)
    assert.equal((await hashLayer(store.snapshots.dirs(stack[1]!.id))).diffId, stack[1]!.layer?.diffId)
    const clean = images.get((await run(path, { noCache: true })).id).snapshot
    const [ran, copied] = store.snapshots.ancestry(clean)
    assert.equal(copied!.layer?.diffId, stack[1]!.layer?.diffId)
    assert.deepEqual(
      readFileSync(join(store.snapshots.dir(stack[0]!.id), 'sum')),
      readFileSync(join(store.snapshots.dir(ran!.id), 'sum')),
    )
  }
  await edit(() => {}, false)
  await edit(() => write('src/1/1', 'changed'), true)
  await edit(() => write('src/7/new', 'more'), true)
  await edit(() => chmodSync(join(path, 'src/3'), 0o700), true)
  await edit(() => {
    rmSync(join(path, 'src/link'))
    symlinkSync('2', join(path, 'src/link'))
  }, true)
  await edit(() => write('src/1/1', 'text 1'), true)
  await edit(() => rmSync(join(path, 'src/9/9')), false)
  await edit(() => write('src/8/8', 'changed'), true)
  await edit(() => write('src/8/8', 'changed again'), true)
  await edit(() => {
    for (let i = 0; i < 100; i++) write(`src/${i % 30}/${i}`, 'different')
  }, false)
  store.collect()
  assert.deepEqual(store.check(), [])
})

test('only what stands on a change is done again', options, async () => {
  const { path, write } = context({ Dockerfile: dockerfile, 'src/a': 'a', 'src/b': 'b', other: 'o' })
  const first = await run(path)
  assert.deepEqual(first.done, [
    'RUN echo $GREETING > /greeting',
    'COPY src /app/src',
    'RUN cat /app/src/*',
    'COPY other /app/',
  ])
  const second = await run(path)
  assert.deepEqual(second.done, [])
  assert.equal(second.id, first.id)

  utimesSync(join(path, 'src/a'), 1, 1)
  assert.deepEqual((await run(path)).done, [], 'a touched file changes nothing')
  write('other', 'changed')
  assert.deepEqual((await run(path)).done, ['COPY other /app/'])
  chmodSync(join(path, 'src/b'), 0o755)
  assert.deepEqual(
    (await run(path)).done,
    ['COPY src /app/src', 'RUN cat /app/src/*', 'COPY other /app/'],
    'a mode counts',
  )
  assert.deepEqual((await run(path, { buildArgs: { GREETING: 'hi' } })).done.length, 4, 'an argument counts')
  write('unrelated', 'x')
  assert.deepEqual((await run(path)).done, [])
  assert.equal((await run(path, { noCache: true })).done.length, 4)
})

test('a step that gives the same content again keeps what stands on it cached', options, async () => {
  const text = (comment: string) => `FROM busybox AS made
RUN touch -d @1 /out && : ${comment}
FROM busybox
COPY --from=made /out /out
RUN cat /out
`
  const { path, write } = context({ Dockerfile: text('one') })
  await run(path)
  write('Dockerfile', text('two'))
  assert.deepEqual((await run(path)).done, ['RUN touch -d @1 /out && : two'])
})

test('stages that are not needed are never run', options, async () => {
  const { path } = context({
    Dockerfile: 'FROM busybox AS unused\nRUN exit 7\nFROM busybox AS wanted\nRUN true\nFROM wanted\nRUN exit 8\n',
  })
  assert.deepEqual((await run(path, { target: 'wanted' })).done, ['RUN true'])
})

test('a failed build keeps what was finished, and tells where it failed', options, async () => {
  const { path, write } = context({ Dockerfile: 'FROM busybox\nRUN echo long\nRUN echo why; exit 3\n' })
  await assert.rejects(run(path), (error: StrakeError) => {
    assert.equal(error.code, 'failed')
    assert.equal(error.exitCode, 3)
    assert.equal(error.range?.start.line, 3)
    return /exit code: 3/.test(error.message)
  })
  write('Dockerfile', 'FROM busybox\nRUN echo long\nRUN echo why; exit 0\n')
  assert.deepEqual((await run(path)).done, ['RUN echo why; exit 0'])
})

test('of a large program that does not start, the hint looks at the beginning', options, async () => {
  const { path } = context({
    Dockerfile: 'FROM busybox\nRUN { echo "#!/not/there"; head -c 2000000 /dev/zero; } >/x && chmod +x /x\nRUN /x\n',
  })
  await assert.rejects(run(path), (error: StrakeError) => {
    assert.match(error.message, /exit code: 127$/)
    return /not \/not\/there, which its first line asks for/.test(error.hint ?? '')
  })
})

test('a COPY follows links of the image, and can not leave it', options, async () => {
  const { path } = context({
    Dockerfile:
      'FROM busybox\nRUN mkdir /real && ln -s /real /link && ln -s ../../../../../../etc /up\nCOPY f /link/\nCOPY f /up/f\nRUN ls -l /real/f /etc/f && cat /link/f\n',
    f: 'content',
  })
  assert.match((await run(path)).log, /\/etc\/f[\s\S]*content/)
})

test('a symlink of the context that leads out of it is not followed', options, async () => {
  const { path } = context({ Dockerfile: 'FROM busybox\nCOPY passwd /\n' })
  symlinkSync('/etc/passwd', join(path, 'passwd'))
  await assert.rejects(run(path), (error: StrakeError) => error.code === 'not_found')
})

test('the configuration is as Docker makes it', options, async () => {
  const { path } = context({
    Dockerfile: `FROM busybox
ENV A=1 B="two words"
ENV A=$B
LABEL a=b
EXPOSE 8000-8001 53/UDP
USER 1:2
WORKDIR /w
WORKDIR x
VOLUME /v
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=5s CMD true
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT echo $A
`,
  })
  const { config } = await run(path)
  const { Env, Labels, ExposedPorts, User, WorkingDir, Volumes, StopSignal, Healthcheck, Entrypoint, Cmd } =
    config.config!
  assert.deepEqual(Env?.slice(1), ['A=two words', 'B=two words'])
  assert.equal(Labels?.a, 'b')
  assert.deepEqual(Object.keys(ExposedPorts!), ['53/udp', '8000/tcp', '8001/tcp'])
  assert.deepEqual([User, WorkingDir, StopSignal, Cmd], ['1:2', '/w/x', 'SIGUSR1', undefined])
  assert.deepEqual(Volumes, { '/v': {} })
  assert.deepEqual(Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 5e9 })
  assert.deepEqual(Entrypoint, ['/bin/sh', '-ec', 'echo $A'])
  assert.deepEqual(
    config.history?.slice(-12).map(({ created_by, empty_layer }) => `${empty_layer ? '' : 'layer '}${created_by}`),
    [
      'ENV A=two words',
      'LABEL a=b',
      'EXPOSE [53/udp 8000/tcp 8001/tcp]',
      'USER 1:2',
      'layer WORKDIR /w',
      'layer WORKDIR /w/x',
      'VOLUME [/v]',
      'STOPSIGNAL SIGUSR1',
      'HEALTHCHECK &{["CMD-SHELL" "true"] "5s" "0s" "0s" "0s" \'\\x00\'}',
      'SHELL [/bin/sh -ec]',
      'ENTRYPOINT ["/bin/sh" "-ec" "echo $A"]',
    ].toSpliced(0, 0, 'ENV A=1 B=two words'),
  )
})

test('a mistake is told with its place', options, async () => {
  const fails = async (text: string, message: RegExp, line: number) => {
    const { path } = context({ Dockerfile: text, f: '' })
    await assert.rejects(run(path), (error: StrakeError) => {
      assert.match(error.message, message)
      assert.equal(error.range?.start.line, line)
      return true
    })
  }
  await fails('FROM busybox\nCOPY f f2\nCOPY missing /\n', /"\/?missing"/, 3)
  await fails('FROM busybox\nCOPY --from=7 f /x\n', /invalid stage index 7/, 2)
  await fails('FROM busybox AS a\nCOPY --from=A f /x\n', /circular dependency detected on stage: a/, 2)
  await fails('FROM busybox\nCOPY --from=b f /x\nFROM scratch AS b\n', /cannot copy from stage "b"/, 2)
  await fails('FROM busybox\nENV S=a\nCOPY --from=$S f /x\n', /variable expansion is not supported for --from/, 3)
  await fails('FROM busybox\nEXPOSE abc\n', /invalid containerPort: abc/, 2)
  await fails('FROM busybox\nSTOPSIGNAL NOPE\n', /invalid signal: NOPE/, 2)
  await fails('ARG X\nFROM ${X}\n', /should not be blank/, 2)
  await fails('FROM localhost:9/nowhere:1\n', /no such image on this machine.*ECONNREFUSED/, 1)
  await fails('FROM busybox\nCOPY --chmod=9z f /\n', /invalid chmod/, 2)
})

test('an aborted build stops its step and leaves a valid store', options, async () => {
  const { path } = context({ Dockerfile: 'FROM busybox\nRUN sleep 60\n' })
  const started = Date.now()
  await assert.rejects(
    run(path, { signal: AbortSignal.timeout(300) }),
    (error: StrakeError) => error.code === 'cancelled',
  )
  assert.ok(Date.now() - started < 30_000)
  assert.deepEqual(store.check(), [])
})

test(
  'checks warn, of the stages that are built, and stop the build where the Dockerfile asks for it',
  options,
  async () => {
    const dockerfile = 'FROM scratch AS Unused\nENV A=$B\nFROM busybox\nENV A=$C\nRUN exit 7\n'
    const { path } = context({ Dockerfile: dockerfile })
    const build = async (more: Partial<BuildOptions>) => {
      const found: string[] = []
      const progress = (event: ProgressEvent) => {
        if (event.kind === 'check') found.push(`${event.range.start.line} ${event.rule}`)
      }
      let message = ''
      await assert.rejects(run(path, { ...more, progress }), (error: StrakeError) => {
        message = error.message
        return true
      })
      return { found, message }
    }
    const built = await build({})
    assert.match(built.message, /did not complete successfully: exit code: 7$/)
    assert.deepEqual(built.found, ['1 StageNameCasing', '4 UndefinedVar'])

    const stopped = await build({ buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'error=true' } })
    assert.equal(stopped.message, 'lint violation found for rules: StageNameCasing, UndefinedVar')
    assert.equal(stopped.found.length, 2)

    const skipped = await build({ buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'skip=all;error=true' } })
    assert.match(skipped.message, /exit code: 7$/)
    assert.deepEqual(skipped.found, [])

    const wrong = await build({ buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'nonsense' } })
    assert.match(wrong.message, /failed to parse check options: invalid check option "nonsense"$/)
  },
)
