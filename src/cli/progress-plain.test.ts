import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProgressEvent, VertexEvent } from '../lib/mod.ts'
import { plainProgress } from './progress-plain.ts'

type More = Partial<Pick<VertexEvent, 'miss' | 'result'>>

const vertex = (id: string, state: VertexEvent['state'], more: More = {}): ProgressEvent => {
  const index = Number(id)
  const step = index > 0 ? { step: { index, total: 4, text: `RUN ${id}` } } : {}
  return { kind: 'vertex', id, name: `[${id}/4] RUN ${id}`, state, at: 0, ...step, ...more }
}
const log = (id: string, text: string): ProgressEvent => ({
  kind: 'log',
  vertex: id,
  stream: 'stdout',
  data: Buffer.from(text),
})

function rendered(events: readonly ProgressEvent[], ended = true): string {
  let text = ''
  const view = plainProgress((piece) => {
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString()
  })
  for (const event of events) view.sink(event)
  if (ended) view[Symbol.dispose]()
  return text
}

test('steps as the tutorials show them', () => {
  const text = rendered([
    vertex('1', 'cached', { result: 'aaaaaaaaaaaa' }),
    vertex('2', 'started', { miss: { kind: 'files', changes: [{ path: 'app.py', change: 'content' }], total: 3 } }),
    log('2', 'hello\nwor'),
    log('2', 'ld'),
    vertex('2', 'done', { result: 'bbbbbbbbbbbb' }),
    vertex('3', 'done'),
  ])
  assert.equal(
    text,
    `Step 1/4 : RUN 1
 ---> Using cache
 ---> aaaaaaaaaaaa
Step 2/4 : RUN 2
 ---> Not cached: app.py changed (content), and 2 more
hello
world
 ---> bbbbbbbbbbbb
Step 3/4 : RUN 3
`,
  )
})

test('the step in focus is shown as it runs', () => {
  const text = rendered([vertex('1', 'started'), log('1', 'half a li')], false)
  assert.equal(text, 'Step 1/4 : RUN 1\nhalf a li')
})

test('what runs side by side gives the same text, in whatever order it comes', () => {
  const one = [vertex('1', 'started'), log('1', 'a\n'), log('1', 'b\n'), vertex('1', 'done')]
  const two = [vertex('2', 'started'), log('2', 'c\n'), vertex('2', 'done', { result: 'cccccccccccc' })]
  const three = [vertex('3', 'started'), log('3', 'd\n'), log('3', 'e'), vertex('3', 'done')]
  const wanted = rendered([...one, ...two, ...three])
  assert.match(wanted, /RUN 1\na\nb\nStep 2\/4 : RUN 2\nc\n ---> cccccccccccc\nStep 3\/4 : RUN 3\nd\ne\n$/)
  // All ways to merge the first two with the third.
  const stages = [...one, ...two]
  for (let bits = 0; bits < 1 << (stages.length + three.length); bits++) {
    if (bits.toString(2).replaceAll('0', '').length !== three.length) continue
    const merged: ProgressEvent[] = []
    for (let i = 0, a = 0, b = 0; i < stages.length + three.length; i++) {
      merged.push(bits & (1 << i) ? three[b++]! : stages[a++]!)
    }
    assert.equal(rendered(merged), wanted)
  }
})

test('a failed step stands at the end', () => {
  const inFocus = [vertex('1', 'started'), log('1', 'x\n'), vertex('2', 'started'), log('2', 'y\n')]
  assert.equal(
    rendered([...inFocus, log('1', 'error: no\n'), vertex('1', 'failed'), vertex('2', 'cancelled')]),
    'Step 1/4 : RUN 1\nx\nerror: no\n',
  )
  assert.equal(
    rendered([...inFocus, log('2', 'error: no'), vertex('2', 'failed'), vertex('1', 'cancelled')]),
    'Step 1/4 : RUN 1\nx\n ---> Cancelled\nStep 2/4 : RUN 2\ny\nerror: no\n',
  )
  assert.equal(
    rendered([...inFocus, log('2', 'error: no'), vertex('2', 'failed')]),
    'Step 1/4 : RUN 1\nx\n ---> Cancelled\nStep 2/4 : RUN 2\ny\nerror: no\n',
  )
})

test('work without a number is shown when it has something to say', () => {
  const status = (done: boolean): ProgressEvent => ({
    ...{ kind: 'status', vertex: 'pull', id: 'layer', label: 'layer 12345', unit: 'bytes' },
    ...{ current: done ? 2_000_000 : 1, done },
  })
  const text = rendered([
    vertex('context', 'started'),
    vertex('context', 'done'),
    vertex('pull', 'started'),
    status(false),
    vertex('1', 'started'),
    status(true),
    vertex('pull', 'done'),
    vertex('1', 'done'),
  ])
  assert.equal(text, '[pull/4] RUN pull\nlayer 12345 2MB\nStep 1/4 : RUN 1\n')
})

test('notices stand on lines of their own', () => {
  const text = rendered([
    { kind: 'notice', level: 'info', message: "RUN steps get this machine's CA bundle" },
    vertex('1', 'started'),
    log('1', 'half'),
    { kind: 'notice', level: 'warning', message: 'old syntax', hint: 'Write x.\nOr y.' },
    log('1', 'line\n'),
    vertex('1', 'done'),
  ])
  assert.equal(
    text,
    `RUN steps get this machine's CA bundle
Step 1/4 : RUN 1
half
WARNING: old syntax
hint: Write x.
hint: Or y.
line
`,
  )
})

test('output held back is bounded', () => {
  const events = [vertex('1', 'started'), vertex('2', 'started')]
  for (let i = 0; i < 80; i++) events.push(log('2', `${i} ${'x'.repeat(100_000)}\n`))
  const text = rendered([...events, vertex('1', 'done'), vertex('2', 'done')])
  assert.ok(text.length < 5_000_000)
  assert.match(text, /too long to keep/)
  assert.match(text, /\n79 x+\n$/)
})
