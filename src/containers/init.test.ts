import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findInit } from './init.ts'

test('an init must be linked statically', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strake-init-'))
  try {
    const path = join(folder, 'docker-init')
    const env = { PATH: folder }
    copyFileSync('/bin/sh', path)
    assert.notEqual(findInit(env), path)
    copyFileSync('/bin/busybox', path)
    assert.equal(findInit(env), path)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
