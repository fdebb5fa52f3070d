import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detachScanner, parseDetachKeys } from './detach-keys.ts'

test('keys are control characters or letters', () => {
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17])
  assert.deepEqual([...parseDetachKeys('ctrl-@,a,ctrl-_')], [0, 97, 31])
  assert.throws(() => parseDetachKeys('ctrl-'), { message: /invalid detach keys/ })
  assert.throws(() => parseDetachKeys(''), { code: 'invalid' })
})

test('the keys are found however they are typed, and everything else passes', () => {
  const typed = (chunks: string[]) => {
    const scan = detachScanner(parseDetachKeys('ctrl-p,ctrl-q'))
    let passed = ''
    for (const chunk of chunks) {
      const { pass, detach } = scan(Buffer.from(chunk))
      passed += Buffer.from(pass)
      if (detach) return { passed, detached: true }
    }
    return { passed, detached: false }
  }
  assert.deepEqual(typed(['ab\x10\x11cd']), { passed: 'ab', detached: true })
  assert.deepEqual(typed(['ab\x10', '\x11']), { passed: 'ab', detached: true })
  assert.deepEqual(typed(['\x10', 'x', '\x11']), { passed: '\x10x\x11', detached: false })
  assert.deepEqual(typed(['\x10\x10\x11']), { passed: '\x10', detached: true })
})
