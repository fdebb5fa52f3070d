import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

test('durations', () => {
  for (const [text, expected] of [
    ['0', 0],
    ['30s', 30e9],
    ['1m30s', 90e9],
    ['1.5h', 5400e9],
    ['.5s', 5e8],
    ['5.s', 5e9],
    ['1h2m3s4ms5us6ns', 3723004005006],
    ['+2µs', 2000],
    ['-1s', -1e9],
  ] as const)
    assert.equal(parseDuration(text), expected, text)
})

test('what is none', () => {
  for (const text of ['', '5', 's', '.s', '-', '1x', '1 s', '1s ', 'one', '9999999999h']) {
    assert.throws(() => parseDuration(text), RangeError, text)
  }
})
