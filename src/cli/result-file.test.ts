import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { resultFile } from './result-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'strake-result-file-'))
after(() => rmSync(dir, { recursive: true, force: true }))

test('what stood there is gone before there is something new', () => {
  const path = join(dir, 'id')
  writeFileSync(path, 'old')
  const write = resultFile('iidfile', path)
  assert.ok(!existsSync(path))
  write('new')
  assert.equal(readFileSync(path, 'utf8'), 'new')
})

test('what can not be written is told before the work', () => {
  for (const path of [dir, join(dir, 'not/there')]) {
    assert.throws(() => resultFile('iidfile', path), { code: 'failed', message: /^--iidfile can't be written: [^E].*/ })
  }
})

test('a device is written to, and stays', () => {
  resultFile('metadata-file', '/dev/null')('text')
  assert.ok(existsSync('/dev/null'))
})
