import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detectSyntax } from './syntax.ts'

test('a file names its frontend in any of three forms', () => {
  for (const [text, line] of [
    ['# syntax=a/b:1\nFROM x', 1],
    ['#!/usr/bin/env x\n# syntax = a/b:1\nFROM x', 2],
    ['// syntax=a/b:1\nlet x', 1],
    ['\ufeff# escape=`\n# syntax=a/b:1', 2],
    ['{ "syntax": "a/b:1", "other": [] }', 1],
    ['#!/x\n{ "syntax": "a/b:1" }', 2],
  ] as const) {
    const found = detectSyntax(text, 'Dockerfile')
    assert.equal(found?.value, 'a/b:1', text)
    assert.equal(found.range.start.line, line, text)
  }
})

test('nothing else is taken for it', () => {
  for (const text of [
    '',
    'FROM x\n# syntax=a',
    '# a comment\n# syntax=a',
    '{ "syntax": 1 }',
    '{ not json',
    '#!/x',
    '{}',
  ]) {
    assert.equal(detectSyntax(text, 'Dockerfile'), undefined, text)
  }
})
