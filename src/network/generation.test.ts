import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sys } from '../host/mod.ts'
import { rulesNote } from './generation.ts'

const CLONE_NEWNET = 0x40000000

test('rules that others have not touched are not set again', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async () => {
  // In a network of our own nobody else changes rules.
  sys.call('unshare', 'network namespace', CLONE_NEWNET)
  const change = (name: string) => execFileSync('nft', ['add', 'table', 'ip', name])
  const directory = mkdtempSync(join(tmpdir(), 'strake-test-'))
  try {
    const note = rulesNote(join(directory, 'note'))
    const is = (rules: string | undefined) => async () => rules
    assert.ok(!note.stands() && !(await note.stillStands(is('a'))))
    await note.settle(async () => {
      change('own')
      return 1
    }, is('a'))
    assert.ok(note.stands() && rulesNote(join(directory, 'note')).stands())
    change('other')
    assert.ok(!note.stands() && !(await note.stillStands(is('b'))) && !(await note.stillStands(is(undefined))))
    assert.ok((await note.stillStands(is('a'))) && note.stands())
    // Nobody has looked at these: they are set anew after the next change.
    await note.settle(async () => 0)
    change('more')
    assert.ok(!note.stands() && !(await note.stillStands(is('a'))))
    await note.settle(async () => 0, is('a'))
    // One transaction more than was told of: somebody else's.
    await note.settle(async () => {
      change('meanwhile')
      return 0
    }, is('a'))
    assert.ok(!note.stands())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
