import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogTail } from './log-tail.ts'

function tail(...pieces: string[]): LogTail {
  const log = new LogTail(3)
  for (const piece of pieces) log.add('stdout', Buffer.from(piece, 'latin1'))
  return log
}

test('lines come in any pieces', () => {
  const log = tail('one\ntw', 'o\nthr')
  assert.deepEqual(log.last(5), ['one', 'two', 'thr'])
  assert.deepEqual(log.last(2), ['two', 'thr'])
  assert.deepEqual(log.last(1), ['thr'])
  log.close()
  assert.deepEqual(log.lines, ['one', 'two', 'thr'])
})

test('a carriage return starts the line again', () => {
  assert.deepEqual(tail('10%\r50', '%\r90%').last(1), ['90%'])
  assert.deepEqual(tail('10%\r100%\r\ndone\r\n').lines, ['100%', 'done'])
})

test('characters may be parted, and broken ones do no harm', () => {
  assert.deepEqual(tail('\xc3', '\xa9\n').lines, ['é'])
  assert.deepEqual(tail('a\xffb\n').lines, ['a\ufffdb'])
})

test('old lines go', () => {
  const log = tail(...Array.from({ length: 100 }, (_, i) => `${i}\n`))
  assert.ok(log.lines.length >= 3 && log.lines.length < 6)
  assert.equal(log.lines.at(-1), '99')
  assert.equal(log.dropped + log.lines.length, 100)
})

test('a line without end does not grow without end', () => {
  const log = new LogTail(3)
  for (let i = 0; i < 1000; i++) log.add('stdout', Buffer.alloc(1000, 'x'))
  assert.equal(log.last(1)[0]?.length, 4096)
})
