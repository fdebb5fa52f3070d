import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildArguments, networkMode, pairs } from './option-values.ts'

test('names and values', () => {
  assert.deepEqual(pairs(['a=1', 'b=x=y', 'c', 'd=', 'a=2']), { a: '2', b: 'x=y', c: '', d: '' })
  assert.throws(() => pairs(['=x']), { code: 'invalid' })
})

test('build arguments without a value come from the environment', () => {
  assert.deepEqual(buildArguments(['A', 'B=', 'C=c', 'D'], { A: 'a', B: 'b' }), { A: 'a', B: '', C: 'c' })
})

test('network modes', () => {
  assert.deepEqual(
    [networkMode(), networkMode('bridge'), networkMode('host'), networkMode('none')],
    ['default', 'default', 'host', 'none'],
  )
  assert.throws(() => networkMode('container:x'), { code: 'invalid' })
})
