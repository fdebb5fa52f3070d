import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StrakeError } from '../lib/mod.ts'
import { requireRoot } from './require-root.ts'

test('users who are not root are told so', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  requireRoot('building')
  process.seteuid!(65534)
  try {
    assert.throws(
      () => requireRoot('building'),
      ({ code, message, hint }: StrakeError) =>
        code === 'denied' && message === 'building needs root' && /sudo/.test(hint ?? ''),
    )
  } finally {
    process.seteuid!(0)
  }
})
