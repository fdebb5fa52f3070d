import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { enterPrivateMounts, mountOverlay, unmount } from '../host/mod.ts'
import { type Built, type Context, Workshop } from './testing.ts'

const skip = process.getuid?.() === 0 ? false : 'needs root'
/** `STRAKE_CACHE_SEQUENCES=200` is the long run; a seed that failed is tried again with STRAKE_CACHE_SEED. */
const sequences = Number(process.env.STRAKE_CACHE_SEQUENCES ?? 3)
const firstSeed = Number(process.env.STRAKE_CACHE_SEED ?? 1)
const editsEach = 4

/** Numbers below `limit`, always the same ones of a seed (Park and Miller's generator). */
function randomOf(seed: number): (limit: number) => number {
  let state = (seed * 48271) % 2147483647
  return (limit) => {
    state = (state * 48271) % 2147483647
    return state % limit
  }
}

/** What a project is made of; edits change it. */
interface Project {
  args: Record<string, string>
  /** Steps of the two stages, by number. */
  first: number[]
  second: number[]
  ignored: string[]
}

const firstSteps = [
  'COPY a /w/a',
  'COPY b/*.txt /w/b/',
  'ARG V=0\nRUN echo "$V" > /w/v',
  'ENV E=1\nRUN echo "$E" >> /w/e',
  'RUN find /w > /tmp/l; sort /tmp/l > /w/list; rm /tmp/l; chmod 700 /w/list',
  'RUN rm -rf /w/a; mkdir -p /w/new && chown 3:4 /w/new',
  'USER 5\nRUN id -u > /tmp/u\nUSER 0',
]
const secondSteps = [
  'COPY --from=first /w /from',
  'COPY --from=first --chown=7:8 /w/v* /from/',
  'COPY --chmod=640 a/x /x',
  'WORKDIR /deep/er',
  'RUN pwd > where',
  'COPY <<EOF /here\ntext $V\nEOF',
  'LABEL l=1',
]
const names = ['a/x', 'a/y', 'a/sub/z', 'b/1.txt', 'b/2.txt', 'b/3.md']

function pick<T>(random: (limit: number) => number, list: readonly T[]): T {
  return list[random(list.length)]!
}

/** Some steps, in some order: only what copies from the first stage's folder needs it to be there. */
function pickSteps(random: (limit: number) => number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(() => random(4) > 0)
}

function writeDockerfile(context: Context, { first, second, ignored }: Project): void {
  const lines = [
    'FROM busybox AS first',
    'RUN mkdir /w',
    ...first.map((i) => firstSteps[i]!),
    'FROM busybox',
    'ARG V',
    ...second.map((i) => secondSteps[i]!),
  ]
  // A pattern that nothing matches is no error for COPY; a name is.
  context.write('Dockerfile', `${lines.join('\n')}\n`)
  context.write('.dockerignore', `${ignored.join('\n')}\n`)
}

function edit(random: (limit: number) => number, context: Context, project: Project): string {
  const name = pick(random, names)
  switch (random(9)) {
    case 0:
    case 1:
      context.write(name, `${random(3)}\n`, pick(random, [0o644, 0o600, 0o755]))
      return `write ${name}`
    case 2: {
      if (name === 'a/x') return 'nothing'
      context.remove(name)
      return `remove ${name}`
    }
    case 3:
      if (name === 'a/x') return 'nothing'
      context.link(name, pick(random, ['x', '1.txt', 'nowhere']))
      return `link ${name}`
    case 4:
      project.args = { V: String(random(3)) }
      return `V=${project.args.V}`
    case 5:
      project.first = pickSteps(random, firstSteps.length)
      return `first stage: ${project.first}`
    case 6:
      project.second = pickSteps(random, secondSteps.length)
      return `second stage: ${project.second}`
    case 7:
      project.ignored = random(2) ? ['a/y', '*/2.txt'] : ['nothing']
      return `ignored: ${project.ignored}`
    default:
      return 'nothing'
  }
}

/** All that a person can see of an image, but for times. */
function contents(workshop: Workshop, built: Built): unknown {
  const { store, images } = workshop
  const image = workshop.image(built)
  const { created: _, history, rootfs: __, ...config } = images.config(image)
  enterPrivateMounts()
  const target = mkdtempSync(join(workshop.home, 'view-'))
  mountOverlay(target, { lower: store.snapshots.stack(image.snapshot) })
  const files: string[] = []
  const walk = (path: string) => {
    const stat = lstatSync(join(target, path))
    const what = stat.isSymbolicLink()
      ? readlinkSync(join(target, path))
      : stat.isFile() && !path.startsWith('/bin/')
        ? readFileSync(join(target, path), 'latin1')
        : ''
    files.push(`${path} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${what}`)
    if (stat.isDirectory()) for (const name of readdirSync(join(target, path)).sort()) walk(`${path}/${name}`)
  }
  try {
    walk('')
  } finally {
    unmount(target)
    rmdirSync(target)
  }
  return { config, files, history: history?.map(({ created: _, ...entry }) => entry) }
}

test(`${sequences} sequences of edits give the images that builds without cache give`, { skip }, async () => {
  using cached = await Workshop.open()
  using reference = await Workshop.open()
  for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
    const random = randomOf(seed)
    const context = cached.context()
    for (const name of names) context.write(name, 'begin\n')
    mkdirSync(context.at('a'), { recursive: true })
    const project: Project = {
      args: {},
      first: pickSteps(random, firstSteps.length),
      second: pickSteps(random, secondSteps.length),
      ignored: [],
    }
    const edits: string[] = []
    for (let i = 0; i <= editsEach; i++) {
      writeDockerfile(context, project)
      const options = { buildArgs: project.args }
      const shown = `seed ${seed}, after ${edits.join('; ') || 'nothing'}\n${readFileSync(context.at('Dockerfile'))}`
      // What fails must fail with a cache too, and the other way round.
      const [incremental, anew] = await Promise.allSettled([
        cached.build(context, options),
        reference.build(context, { ...options, noCache: true }),
      ])
      const reasons = [incremental, anew].map((result) => (result.status === 'rejected' ? String(result.reason) : ''))
      assert.equal(incremental.status, anew.status, `${shown}${reasons.join('\n')}`)
      if (incremental.status === 'rejected' || anew.status === 'rejected') {
        const message = (result: PromiseSettledResult<Built>) =>
          result.status === 'rejected' ? (result.reason as Error).message : ''
        assert.equal(message(incremental), message(anew), shown)
      } else {
        assert.deepEqual(contents(cached, incremental.value), contents(reference, anew.value), shown)
        assert.deepEqual((await cached.build(context, options)).done, [], shown)
      }
      edits.push(edit(random, context, project))
    }
  }
})
