import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkWarnings } from './check-warnings.ts'

const range = { file: 'Dockerfile', start: { line: 2, column: 1 }, end: { line: 2, column: 9 } }
const found = (rule: string, message: string) =>
  ({ kind: 'check', rule, message, description: '', url: '', range }) as const

function shown(add: (warnings: ReturnType<typeof checkWarnings>) => void): string {
  let text = ''
  const err = (more: string | Uint8Array) => {
    text += more
  }
  {
    using warnings = checkWarnings({ err, color: (_, words) => words })
    add(warnings)
    assert.equal(text, '')
  }
  return text
}

test('nothing is said where nothing was found', () => {
  assert.equal(
    shown(() => {}),
    '',
  )
})

test('one line each, at the end', () => {
  const text = shown((warnings) => {
    warnings.add(found('StageNameCasing', "Stage name 'A' should be lowercase"))
    warnings.add(found('UndefinedVar', 'Usage of undefined variable \x1b[2J$A'))
  })
  const [head, ...lines] = text.split('\n').slice(1)
  assert.equal(head, ' 2 warnings found (use strake build --check to expand):')
  assert.deepEqual(lines, [
    " - StageNameCasing: Stage name 'A' should be lowercase (line 2)",
    ' - UndefinedVar: Usage of undefined variable $A (line 2)',
    '',
  ])
})

test('a single one is no plural', () => {
  assert.match(
    shown((warnings) => warnings.add(found('A', 'b'))),
    / 1 warning found \(/,
  )
})
