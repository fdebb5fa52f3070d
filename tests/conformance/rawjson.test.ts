import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { strake } from '../e2e/harness.ts'
import { enter, noPeers, startDocker } from '../support/peers.ts'
import { writeBases } from './bases.ts'

interface Vertex {
  digest: string
  inputs?: string[]
  name: string
  started?: string
  cached?: boolean
  error?: string
}
interface Line {
  vertexes?: Vertex[]
  statuses?: object[]
  logs?: { vertex: string; stream: number; data: string }[]
  warnings?: { vertex: string; short: string; detail: string[]; url: string; range: object[] }[]
}

/**
 * What a tool makes of a stream: how many steps there will be, known before the first of them begins; which were done, how each ended,
 * what it wrote, what it builds on, and what is warned of.
 */
function understood(lines: readonly Line[]) {
  const vertices = new Map<string, Vertex>()
  for (const vertex of lines.flatMap(({ vertexes = [] }) => vertexes)) vertices.set(vertex.digest, vertex)
  const isNumbered = ({ name }: Vertex) => /\] (?:RUN|COPY) /.test(name)
  const isStep = (vertex: Vertex) => vertex.started !== undefined && isNumbered(vertex)
  const first = lines.findIndex(({ vertexes = [] }) => vertexes.some(isStep))
  const ahead = lines.slice(0, first).flatMap(({ vertexes = [] }) => vertexes.filter(isNumbered))
  const logs = lines.flatMap(({ logs = [] }) => logs)
  const text = (digest: string, stream: number) =>
    logs
      .filter((log) => log.vertex === digest && log.stream === stream)
      .map(({ data }) => Buffer.from(data, 'base64').toString())
      .join('')
  const steps = [...vertices.values()]
    .filter(isStep)
    .map(({ digest, inputs = [], name, cached = false, error = '' }) => {
      const on = inputs.map((input) => vertices.get(input)!).filter(isStep)
      return { name, cached, error, on: on.map((input) => input.name), out: text(digest, 1), err: text(digest, 2) }
    })
  const warnings = lines
    .flatMap(({ warnings = [] }) => warnings)
    .map(({ vertex, short, detail, url, range }) => ({ on: vertices.get(vertex)!.name, short, detail, url, range }))
  const announced = ahead.map(
    ({ name, inputs = [] }) =>
      `${name} on ${inputs.filter((input) => ahead.some(({ digest }) => digest === input)).length}`,
  )
  return { announced: announced.sort(), steps: steps.sort((a, b) => (a.name < b.name ? -1 : 1)), warnings }
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?Z$/
const timestamp = '2026-01-02T03:04:05.06Z'
const times = ['started', 'completed', 'timestamp']
/** What is of another kind there, and not looked into. */
const unlike = ['definition']

/** The names of an object's fields in order, of all objects that stand at the same place of the lines. */
function shapes(lines: readonly object[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const visit = (value: unknown, place: string) => {
    if (Array.isArray(value)) for (const item of value) visit(item, place)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const names = Object.keys(value).filter((name) => !unlike.includes(name))
    const before = found.get(place) ?? new Set()
    found.set(place, before)
    for (const [i, name] of names.entries()) {
      for (const later of names.slice(i + 1)) before.add(`${name} before ${later}`)
      const field = (value as Record<string, unknown>)[name]
      before.add(`${name} is ${Array.isArray(field) ? 'array' : typeof field}`)
      if (times.includes(name)) assert.match(String(field), time)
      visit(field, `${place}.${name}`)
    }
  }
  for (const line of lines) visit(line, '')
  return found
}

describe('--progress=rawjson is the stream of docker buildx', { skip: noPeers, concurrency: false }, () => {
  let dir: string
  before(() => {
    startDocker()
    dir = mkdtempSync('/var/tmp/strake-rawjson-')
    writeBases(dir)
    mkdirSync(join(dir, 'context'))
    writeFileSync(join(dir, 'context/a'), dir)
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  /** The lines, and what else was written. */
  function read(stderr: string) {
    const all = stderr.split('\n')
    const lines = all.filter((line) => line.startsWith('{'))
    return {
      text: lines,
      lines: lines.map((line) => JSON.parse(line) as Line),
      rest: all.filter((line) => !line.startsWith('{')).join('\n'),
    }
  }

  function docker() {
    // A context of its own name: BuildKit keeps what it was sent under one.
    const name = dir.slice(dir.lastIndexOf('-') + 1)
    cpSync(join(dir, 'context'), join(dir, name), { recursive: true, preserveTimestamps: true })
    const options = '--progress=rawjson --network=none'
    enter(
      dir,
      `docker image inspect conformance/bare:1 >inspected 2>&1 || docker load -q -i bare.tar
       docker buildx build ${options} ${name} 2>stderr >stdout || true`,
    )
    assert.equal(readFileSync(join(dir, 'stdout'), 'utf8'), '')
    return read(readFileSync(join(dir, 'stderr'), 'utf8'))
  }

  async function ours() {
    const env = { ...process.env, STRAKE_ROOT: join(dir, 'store'), NO_COLOR: '1', BUILDKIT_PROGRESS: 'rawjson' }
    const run = (...args: string[]) =>
      new Promise<{ stdout: string; stderr: string }>((resolve) =>
        execFile(strake, args, { cwd: dir, env }, (_, stdout, stderr) => resolve({ stdout, stderr })),
      )
    await run('load', '-i', 'bare.tar')
    const { stdout, stderr } = await run('build', '--network=none', '--ca=none', 'context')
    assert.equal(stdout, '')
    return read(stderr)
  }

  async function compare(dockerfile: string) {
    writeFileSync(join(dir, 'context/Dockerfile'), dockerfile)
    const [theirs, own] = [docker(), await ours()]
    assert.deepEqual(understood(own.lines), understood(theirs.lines))
    return { theirs, own }
  }

  it('of a build with logs, stages and warnings; and when all is cached', async () => {
    const file = `FROM conformance/bare:1 AS b\nRUN echo "hello <b> ${dir}" && echo err >&2\nCOPY a /a\nENV A=1\nRUN cat /a\nFROM conformance/bare:1 as c\nCOPY --from=b /a /b\n`
    const { theirs, own } = await compare(`# ${dir}\n${file}`)
    // Only what is downloaded has a total there.
    const download = { id: '', vertex: '', name: '', total: 1, current: 1 }
    const known = shapes([
      ...theirs.lines,
      { statuses: [{ ...download, timestamp, started: timestamp, completed: timestamp }] },
    ])
    for (const [place, facts] of shapes(own.lines)) {
      for (const fact of facts) assert.ok(known.get(place)?.has(fact), `${place}: ${fact}`)
    }
    const shell = (lines: readonly string[]) => /"name":"[^,]*hello[^,]*"/.exec(lines.join('\n'))?.[0]
    assert.ok(shell(theirs.text))
    assert.equal(shell(own.text), shell(theirs.text), 'characters are escaped as Go does')
    for (const { rest } of [theirs, own]) assert.equal(rest, '')
    const { own: again } = await compare(`# ${dir}\n${file}`)
    assert.ok(understood(again.lines).steps.every(({ cached }) => cached))
    const last = (lines: readonly Line[]) => lines.at(-1)!.vertexes![0]!.name
    assert.equal(last(again.lines), last(theirs.lines))
  })

  it('of a build that fails, with the error and its hint below', async () => {
    const { theirs, own } = await compare(`FROM conformance/bare:1\nRUN echo ${dir}; npm install\nRUN true\n`)
    const message = /^ERROR: .*process "\/bin\/sh -c .* did not complete successfully: exit code: 127$/m
    for (const { rest } of [theirs, own]) assert.match(rest, message)
    assert.match(own.rest, /^hint: There is no program "npm" in the image\.$/m)
  })
})
