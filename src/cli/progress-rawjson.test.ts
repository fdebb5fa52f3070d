import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProgressEvent } from '../lib/mod.ts'
import { rawJsonProgress } from './progress-rawjson.ts'

const start = Date.parse('2026-01-02T03:04:05.000Z')

/** The lines that events make, with short names for digests: `<NAME>`. */
function lines(...events: ProgressEvent[]): string[] {
  let text = ''
  const names = new Map<string, string>()
  {
    using view = rawJsonProgress(
      (line) => {
        text += line
      },
      () => start + 1000,
    )
    for (const event of events) view.sink(event)
  }
  assert.ok(text === '' || text.endsWith('\n'))
  for (const line of text.split('\n').filter(Boolean)) {
    for (const { digest, name } of JSON.parse(line).vertexes ?? []) names.set(digest, name)
  }
  for (const [digest, name] of names) text = text.replaceAll(digest, `<${name}>`)
  return text.split('\n').slice(0, -1)
}

const vertex = (id: string, state: 'started' | 'cached' | 'done' | 'failed' | 'cancelled', ms = 0, more = {}) =>
  ({ kind: 'vertex', id, name: id, state, at: start + ms, ...more }) as const

test('vertices are told with all that is known of them', () => {
  assert.deepEqual(
    lines(
      vertex('from', 'done'),
      vertex('run & <wait>', 'started', 120, { inputs: ['from'] }),
      vertex('run & <wait>', 'failed', 500, { inputs: ['from'], reason: 'no' }),
    ),
    [
      '{"vertexes":[{"digest":"<from>","name":"from","started":"2026-01-02T03:04:05Z","completed":"2026-01-02T03:04:05Z"}]}',
      '{"vertexes":[{"digest":"<run & <wait>>","inputs":["<from>"],"name":"run \\u0026 \\u003cwait\\u003e","started":"2026-01-02T03:04:05.12Z"}]}',
      '{"vertexes":[{"digest":"<run & <wait>>","inputs":["<from>"],"name":"run \\u0026 \\u003cwait\\u003e","started":"2026-01-02T03:04:05.12Z","completed":"2026-01-02T03:04:05.5Z","error":"no"}]}',
    ],
  )
})

test('what a step without a layer stands on is the input of what stands on it', () => {
  const [, last] = lines(
    vertex('a', 'cached'),
    vertex('ENV', 'cached', 0, { config: true, inputs: ['a'] }),
    vertex('USER', 'done', 0, { config: true, inputs: ['ENV'] }),
    vertex('b', 'cached', 0, { inputs: ['USER', 'a'] }),
  )
  assert.match(last!, /^\{"vertexes":\[\{"digest":"<b>","inputs":\["<a>"\],"name":"b",.*,"cached":true\}\]\}$/)
})

test('what is going to be done is named before, and what was not begun does not end', () => {
  const graph = [
    { id: 'a', name: 'a' },
    { id: 'ENV', name: 'ENV', config: true, inputs: ['a'] },
    { id: 'b', name: 'b', inputs: ['ENV'] },
    { id: 'c', name: 'c', inputs: ['b', 'a'] },
  ] as const
  const told = lines({ kind: 'graph', vertices: graph }, vertex('a', 'done'), vertex('b', 'started'))
  assert.equal(
    told[0],
    '{"vertexes":[{"digest":"<a>","name":"a"},{"digest":"<b>","inputs":["<a>"],"name":"b"},{"digest":"<c>","inputs":["<b>","<a>"],"name":"c"}]}',
  )
  assert.match(told[2]!, /^\{"vertexes":\[\{"digest":"<b>","inputs":\["<a>"\],"name":"b","started":/)
  assert.match(told[3]!, /"<b>".*"error":"context canceled"/)
  assert.equal(told.length, 4)
})

test('what is under way when the view ends was cancelled', () => {
  const cancelled = lines(vertex('a', 'started'), vertex('b', 'started'), vertex('b', 'cancelled'))
  assert.match(cancelled[2]!, /"<b>".*"error":"context canceled"/)
  assert.match(cancelled[3]!, /"<a>".*"completed":"2026-01-02T03:04:06Z","error":"context canceled"/)
  assert.equal(cancelled.length, 4)
})

test('a status ends when its label changes, when it is done, and with its vertex', () => {
  const status = (label: string, current: number, more = {}) =>
    ({ kind: 'status', vertex: 'pull', id: 'x', label, unit: 'bytes', current, ...more }) as const
  const told = lines(
    vertex('pull', 'started'),
    status('x: Downloading', 1, { total: 2 }),
    status('x: Extracting', 0),
    vertex('pull', 'done'),
  )
  const at = '"2026-01-02T03:04:06Z"'
  const of = (label: string, rest: string) => `{"statuses":[{"id":"${label}","vertex":"<pull>",${rest}}]}`
  assert.deepEqual(told.slice(1, 5), [
    of('x: Downloading', `"total":2,"current":1,"timestamp":${at},"started":${at}`),
    of('x: Downloading', `"total":2,"current":1,"timestamp":${at},"started":${at},"completed":${at}`),
    of('x: Extracting', `"current":0,"timestamp":${at},"started":${at}`),
    of(
      'x: Extracting',
      `"current":0,"timestamp":"2026-01-02T03:04:05Z","started":${at},"completed":"2026-01-02T03:04:05Z"`,
    ),
  ])
})

test('output, notices and checks are logs and warnings', () => {
  const told = lines(
    vertex('run', 'started', 0, { miss: { kind: 'disabled', option: '--no-cache' } }),
    { kind: 'log', vertex: 'run', stream: 'stderr', data: Buffer.from([255, 10]) },
    { kind: 'notice', level: 'info', message: 'i' },
    { kind: 'notice', level: 'warning', message: 'w', hint: 'h' },
    {
      kind: 'check',
      rule: 'R',
      message: 'm',
      description: 'd',
      url: 'https://example.com/r',
      range: { file: 'Dockerfile', start: { line: 2, column: 1 }, end: { line: 4, column: 1 } },
      source: 'FROM x',
    },
    vertex('run', 'done'),
  )
  const load = '"vertex":"<[internal] load build definition from Dockerfile>"'
  const base64 = (text: string) => `"${Buffer.from(text).toString('base64')}"`
  assert.match(told[1]!, /^\{"logs":\[\{"vertex":"<run>","stream":1,"data":"Tm90IGNhY2hlZDog/)
  assert.equal(told[2], '{"logs":[{"vertex":"<run>","stream":2,"data":"/wo=","timestamp":"2026-01-02T03:04:06Z"}]}')
  assert.match(told[3]!, /^\{"vertexes":\[.*"completed"/)
  assert.ok(told[4]!.startsWith(`{"logs":[{${load},"stream":1,"data":${base64('i\n')},`))
  assert.equal(told[5], `{"warnings":[{${load},"level":1,"short":${base64('w')},"detail":[${base64('h')}]}]}`)
  assert.equal(
    told[6],
    `{"warnings":[{${load},"level":1,"short":${base64('R: m (line 2)')},"detail":[${base64('d')}],"url":"https://example.com/r",` +
      `"sourceInfo":{"filename":"Dockerfile","data":${base64('FROM x')},"language":"Dockerfile"},"range":[{"start":{"line":2},"end":{"line":3}}]}]}`,
  )
})
