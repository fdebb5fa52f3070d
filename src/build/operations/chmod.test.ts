import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrakeError } from '../../lib/mod.ts'
import { parseChmod } from './chmod.ts'

test('octal modes are what files get, and through a umask the directories on the way', () => {
  assert.equal(parseChmod('640').change(0o7777, false), 0o640)
  assert.equal(parseChmod('04711').change(0o644, false), 0o4711)
  assert.equal(parseChmod('2777').made, 0o755)
  assert.equal(parseChmod('0').change(0o644, true), 0)
})

test('symbolic modes are read as setmode(3) reads them', () => {
  const cases: [text: string, mode: number, directory: boolean, expected: number][] = [
    ['u+x', 0o644, false, 0o744],
    ['+x', 0o644, false, 0o755],
    ['go-rwx', 0o755, false, 0o700],
    ['a=rX', 0o640, false, 0o444],
    ['a=rX', 0o640, true, 0o555],
    ['u=rwX,go=rX', 0o700, false, 0o755],
    ['-X', 0o755, false, 0o644],
    ['o=u-w', 0o750, false, 0o755],
    ['g=u', 0o740, false, 0o770],
    ['ug+s', 0o755, false, 0o6755],
    ['+t', 0o755, true, 0o1755],
    ['o+t', 0o755, true, 0o755],
    ['u=rw', 0o4755, false, 0o655],
    ['a=', 0o6755, false, 0],
    ['u+w-x', 0o555, false, 0o655],
  ]
  for (const [text, mode, directory, expected] of cases) {
    assert.equal(parseChmod(text).change(mode, directory).toString(8), expected.toString(8), text)
  }
  assert.equal(parseChmod('go-rx').made, 0o755)
})

test('anything else is refused', () => {
  for (const text of ['', '8', '10000', '777777', 'u', 'u+y', 'q+x', 'u+x,', ',u+x', '+x 644', '0x1ff']) {
    assert.throws(
      () => parseChmod(text),
      (error: unknown) => error instanceof StrakeError && error.code === 'invalid',
      text,
    )
  }
})
