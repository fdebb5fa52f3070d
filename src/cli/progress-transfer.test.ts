import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusEvent } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { transferProgress } from './progress-transfer.ts'

function screen(isTerminal: boolean) {
  const written: string[] = []
  const terminal = {
    out: (text: string) => written.push(text),
    err: (text: string) => written.push(`err ${text}`),
    outIsTerminal: isTerminal,
    errIsTerminal: isTerminal,
    color: (_: string, text: string) => text,
    env: {},
  } as unknown as Terminal
  return { terminal, written }
}

const status = (id: string, words: string, more: Partial<StatusEvent> = {}): StatusEvent => ({
  kind: 'status',
  vertex: 'pull',
  id,
  label: `${id}: ${words}`,
  unit: 'bytes',
  current: 0,
  total: 2000,
  ...more,
})

test('without a terminal, a line when something is done', () => {
  const { terminal, written } = screen(false)
  using view = transferProgress(terminal)
  view.sink(status('aa', 'Pulling fs layer'))
  view.sink(status('aa', 'Downloading', { current: 1000 }))
  view.sink(status('bb', 'Already exists', { done: true }))
  view.sink(status('aa', 'Pull complete', { done: true }))
  view.sink({ kind: 'notice', level: 'warning', message: 'mind \x1b[2Jthe gap' })
  assert.deepEqual(written, ['bb: Already exists\n', 'aa: Pull complete\n', 'err WARNING: mind the gap\n'])
})

test('on a terminal, a line for each layer, rewritten in place', () => {
  const { terminal, written } = screen(true)
  const view = transferProgress(terminal)
  view.sink(status('aa', 'Pulling fs layer'))
  view.sink(status('bb', 'Pulling fs layer'))
  view.sink(status('aa', 'Downloading\x1b[2J', { current: 1000 }))
  view[Symbol.dispose]()
  const last = written.at(-1)!
  assert.match(
    last,
    /^(?:\x1b\[\dA)?\x1b\[2Kaa: Downloading \[=+> +\] {2}1kB\/2kB\r\n\x1b\[2Kbb: Pulling fs layer\r\n$/,
  )
  const count = written.length
  view[Symbol.dispose]()
  assert.equal(written.length, count)
})

test('quiet says nothing', () => {
  const { terminal, written } = screen(true)
  using view = transferProgress(terminal, { quiet: true })
  view.sink(status('aa', 'Pull complete', { done: true }))
  view.sink({ kind: 'notice', level: 'info', message: 'x' })
  assert.deepEqual(written, [])
})
