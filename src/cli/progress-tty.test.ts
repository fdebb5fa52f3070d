import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProgressEvent, VertexEvent } from '../lib/mod.ts'
import { columnsOf } from './display.ts'
import { ttyProgress } from './progress-tty.ts'

/** A terminal that knows the few escape sequences of the view. */
class Screen {
  lines: string[] = []
  writes: string[] = []
  row = 0
  cursor = true

  write(text: string): void {
    this.writes.push(text)
    for (const [token, up] of text.matchAll(/\x1b\[(\d+)A|\x1b\[\??\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+/g)) {
      if (up) this.row -= Number(up)
      else if (token === '\x1b[?25l') this.cursor = false
      else if (token === '\x1b[?25h') this.cursor = true
      else if (token === '\x1b[J') this.lines.length = Math.min(this.lines.length, this.row)
      else if (token === '\n') this.lines[this.row++] ??= ''
      else if (!token.startsWith('\x1b') && token !== '\r') this.lines[this.row] = token
      assert.ok(this.row >= 0, 'above the first line')
    }
  }

  get text(): string {
    return this.lines.join('\n')
  }
}

function start({ columns = 60, rows = 24 } = {}) {
  const screen = new Screen()
  const clock = { now: 0 }
  const size = { columns, rows }
  const view = ttyProgress({
    write: (text) => screen.write(text),
    size: () => size,
    now: () => clock.now,
    color: (_, text) => text,
    title: 'Building',
  })
  const step = (id: string, name: string, state: VertexEvent['state'], total = 3): ProgressEvent => ({
    ...{ kind: 'vertex', id, name, state, at: clock.now },
    ...{ step: { index: Number(id), total, text: name } },
  })
  const log = (vertex: string, text: string): ProgressEvent => ({
    ...{ kind: 'log', vertex, stream: 'stderr', data: Buffer.from(text) },
  })
  return { screen, clock, size, view, step, log }
}

test('frames of a build', () => {
  const { screen, clock, view, step, log } = start()
  view.sink(step('1', '[1/3] FROM debian', 'cached'))
  view.sink(step('2', '[2/3] RUN make', 'started'))
  for (let i = 1; i <= 8; i++) view.sink(log('2', `line ${i}\n`))
  view.sink({ kind: 'status', vertex: '2', id: 'x', label: 'copying', unit: 'bytes', current: 5e6, total: 1e7 })
  clock.now = 1250
  view.paint()
  assert.equal(screen.cursor, false)
  assert.equal(
    screen.text,
    `[+] Building 1.3s (1/3)
 => CACHED [1/3] FROM debian                            0.0s
 => [2/3] RUN make                                      1.3s
 => => copying                                    5MB / 10MB
 => => # line 3
 => => # line 4
 => => # line 5
 => => # line 6
 => => # line 7
 => => # line 8`,
  )
  clock.now = 2000
  view.sink(step('2', '[2/3] RUN make', 'done'))
  view.sink(step('3', '[3/3] COPY . /app', 'started'))
  clock.now = 2100
  view.sink(step('3', '[3/3] COPY . /app', 'done'))
  clock.now = 9000
  view[Symbol.dispose]()
  assert.equal(screen.cursor, true)
  assert.equal(
    screen.text,
    `[+] Building 2.1s (3/3) FINISHED
 => CACHED [1/3] FROM debian                            0.0s
 => [2/3] RUN make                                      2.0s
 => [3/3] COPY . /app                                   0.1s`,
  )
})

test('a frame is one write, and none when nothing has changed', () => {
  const { screen, clock, view, step } = start()
  view.sink(step('1', 'a', 'started'))
  view.paint()
  view.paint()
  assert.equal(screen.writes.length, 1)
  clock.now = 500
  view.paint()
  assert.equal(screen.writes.length, 2)
})

test('a failed step shows its output below', () => {
  const { screen, view, step, log } = start()
  view.sink(step('1', '[1/3] RUN make', 'started'))
  for (let i = 1; i <= 30; i++) view.sink(log('1', `line ${i}\n`))
  view.sink(log('1', 'error'))
  view.sink(step('1', '[1/3] RUN make', 'failed'))
  view[Symbol.dispose]()
  const lines = screen.text.split('\n')
  assert.deepEqual(lines.slice(0, 5), [
    '[+] Building 0.0s (0/3) FAILED',
    ' => ERROR [1/3] RUN make                                0.0s',
    '------',
    ' > [1/3] RUN make:',
    'line 1',
  ])
  assert.deepEqual(lines.slice(-3), ['line 30', 'error', '------'])
})

test('it fits into the terminal, whatever its size', () => {
  for (const rows of [1, 2, 3, 5, 10, 24]) {
    for (const columns of [1, 10, 20, 80]) {
      const { screen, clock, view, step, log } = start({ columns, rows })
      for (let i = 1; i <= 30; i++) {
        view.sink(step(String(i), `[${i}/30] RUN 日本 ${'x'.repeat(100)}`, 'started', 30))
        view.sink(log(String(i), `${'日本'.repeat(50)}\nb\nc\n`))
        if (i < 28) view.sink(step(String(i), '', 'done', 30))
      }
      clock.now = 100
      view.paint()
      assert.ok(screen.lines.length <= Math.max(1, rows - 1), `${screen.lines.length} of ${rows} rows`)
      for (const line of screen.lines) assert.ok(columnsOf(line) <= columns, `${columns}: ${line}`)
    }
  }
})

test('the newest running steps win where there is little room, and the end shows all', () => {
  const { screen, clock, view, step } = start({ rows: 5 })
  for (let i = 1; i <= 6; i++) {
    view.sink(step(String(i), `step ${i}`, 'started', 6))
    if (i < 6) view.sink(step(String(i), `step ${i}`, 'done', 6))
  }
  clock.now = 100
  view.paint()
  assert.deepEqual(
    screen.lines.map((line) => line.replace(/ {2,}.*/, '')),
    ['[+] Building 0.1s (5/6)', ' => step 4', ' => step 5', ' => step 6'],
  )
  view[Symbol.dispose]()
  assert.equal(screen.lines.length, 7)
})

test('a terminal that gets narrower', () => {
  const { screen, clock, size, view, step } = start({ columns: 60 })
  view.sink(step('1', 'a', 'started'))
  view.paint()
  // The terminal breaks the old line of 60 columns into two.
  screen.lines = [screen.lines[0]!, screen.lines[1]!.slice(0, 30), screen.lines[1]!.slice(30)]
  screen.row = 3
  size.columns = 30
  clock.now = 100
  view.paint()
  assert.deepEqual(screen.lines, ['[+] Building 0.1s (0/3)', ' => a                     0.1s'])
})

test('notices stay above', () => {
  const { screen, clock, view, step } = start()
  view.sink(step('1', 'a', 'started'))
  view.paint()
  view.sink({ kind: 'notice', level: 'warning', message: 'careful\x1b[2J', hint: 'Do it.' })
  clock.now = 100
  view.paint()
  view[Symbol.dispose]()
  assert.deepEqual(screen.lines.slice(0, 3), ['WARNING: careful', 'hint: Do it.', '[+] Building 0.1s (0/3)'])
})

test('nothing is drawn of nothing', () => {
  const { screen, view } = start()
  view[Symbol.dispose]()
  assert.deepEqual(screen.writes, [])
})

test('programs cannot steer the terminal', () => {
  const { screen, clock, view, step, log } = start()
  view.sink(step('1', 'RUN \x1b[5A', 'started'))
  view.sink(log('1', '\x1b[2J\x1b[Hhidden\x1b]0;x\x07\n'))
  clock.now = 100
  view.paint()
  assert.deepEqual(screen.lines.slice(1), [` => RUN${' '.repeat(48)} 0.1s`, ' => => # hidden'])
})
