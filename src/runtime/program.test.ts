import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isExecutable } from './program.ts'

test('what surely executes is told from all else', () => {
  const root = mkdtempSync(join(tmpdir(), 'strake-test-'))
  try {
    mkdirSync(join(root, 'bin'))
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
    symlinkSync('/bin/busybox', join(root, 'bin/sh'))
    // Node.js is linked dynamically, and its interpreter is not there.
    copyFileSync(process.execPath, join(root, 'bin/node'))
    const file = (name: string, content: string | Buffer, mode = 0o755) =>
      writeFileSync(join(root, name), content, { mode })
    file('bin/script', '#! /bin/sh -e\necho\n')
    file('bin/broken', '#!/bin/nope\n')
    file('bin/text', 'echo\n')
    file('bin/private', '#!/bin/sh\n', 0o644)
    file('bin/cut', Buffer.from('\x7fELF\x02\x01', 'latin1'))
    const is = (program: string, cwd = '/') => isExecutable(root, { args: [program], env: ['PATH=/none:/bin'], cwd })
    for (const program of ['sh', '/bin/busybox', 'script', '/bin/../bin/script']) assert.ok(is(program), program)
    for (const program of ['nope', 'node', 'broken', 'text', 'private', 'cut', '/bin', ''])
      assert.ok(!is(program), program)
    assert.ok(is('./script', '/bin') && !is('./script'))
    assert.ok(!isExecutable(root, { args: ['sh'], env: [], cwd: '/' }))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
