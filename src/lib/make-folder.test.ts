import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeFolder } from './make-folder.ts'

const dir = mkdtempSync(join(tmpdir(), 'strake-make-folder-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test('a folder is made with those above it, and may be there', () => {
  for (const _ of [1, 2]) makeFolder(join(dir, 'a/b/c'))
  assert.ok(statSync(join(dir, 'a/b/c')).isDirectory())
  makeFolder(join(dir, 'own/b'), 0o700)
  for (const path of ['own', 'own/b']) assert.equal(statSync(join(dir, path)).mode & 0o777, 0o700)
})

test('where there is no place for one, it is told', () => {
  writeFileSync(join(dir, 'file'), '')
  assert.throws(() => makeFolder(join(dir, 'file')), { code: 'EEXIST' })
  assert.throws(() => makeFolder(join(dir, 'file/in')), { code: 'EEXIST' })
  assert.throws(() => makeFolder('/proc/strake/in'), { code: 'ENOENT' })
})
