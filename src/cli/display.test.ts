import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf, fit, printable } from './display.ts'

test('nothing that could steer a terminal is left', () => {
  assert.equal(printable('\x1b[31mred\x1b[0m'), 'red')
  assert.equal(printable('\x1b]0;title\x07text'), 'text')
  assert.equal(printable('\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\'), 'link')
  assert.equal(printable('a\x08\x00\x7fb\x9b2Jc'), 'abc')
  assert.equal(printable('a\tb\nc'), 'a    b\nc')
  assert.equal(printable('\u202egnp.exe'), 'gnp.exe')
  assert.ok(!/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(printable('\x1b\x1b[\x1b[1mx\x1b')))
})

test('columns of wide characters and marks', () => {
  assert.equal(columnsOf('abc'), 3)
  assert.equal(columnsOf('é'), 1)
  assert.equal(columnsOf('e\u0301'), 1)
  assert.equal(columnsOf('日本'), 4)
  assert.equal(columnsOf('🚀'), 2)
})

test('cut to a width', () => {
  assert.equal(fit('abcdef', 6), 'abcdef')
  assert.equal(fit('abcdef', 5), 'abcd…')
  assert.equal(fit('日本語', 5), '日本…')
  assert.equal(fit('日本語', 4), '日…')
  assert.equal(fit('日本', 4), '日本')
  assert.equal(fit('abc', 0), '')
})
