import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ulimitsOf } from './ulimits.ts'

test('ulimits, as docker reads them', () => {
  assert.deepEqual(ulimitsOf([]), [])
  assert.deepEqual(ulimitsOf(['nofile=1024']), [{ name: 'nofile', soft: 1024, hard: 1024 }])
  assert.deepEqual(ulimitsOf(['nofile=1:-1', 'core=0:', 'nofile=10:20']), [
    { name: 'core', soft: 0, hard: 0 },
    { name: 'nofile', soft: 10, hard: 20 },
  ])
  assert.deepEqual(ulimitsOf(['memlock=-1:-1']), [{ name: 'memlock', soft: -1, hard: -1 }])
  const refused = {
    nofile: 'invalid ulimit argument: nofile',
    'foo=1': 'invalid ulimit type: foo',
    '=1': 'invalid ulimit type: ',
    'nofile=': '"" is not a number',
    'nofile=a': '"a" is not a number',
    'nofile=1e3': '"1e3" is not a number',
    'nofile=5:3': 'ulimit soft limit must be less than or equal to hard limit: 5 > 3',
    'nofile=-1:3': 'ulimit soft limit must be less than or equal to hard limit: -1 > 3',
    'nofile=1:2:3': 'too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`',
  }
  for (const [value, why] of Object.entries(refused)) {
    const message = `invalid argument ${JSON.stringify(value)} for "--ulimit" flag: ${why}`
    assert.throws(() => ulimitsOf([value]), { code: 'invalid', message })
  }
})
