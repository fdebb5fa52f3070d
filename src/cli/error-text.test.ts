import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StrakeError } from '../lib/mod.ts'
import { errorText } from './error-text.ts'

const color = (_: string, text: string) => text
const at = (line: number, column: number, endLine: number, endColumn: number) => ({
  file: 'no/such/Dockerfile',
  start: { line, column },
  end: { line: endLine, column: endColumn },
})

test('message and hint', () => {
  const error = new StrakeError('not_found', 'No such image: ap', { hint: 'Did you mean app?\nSee: strake images' })
  assert.equal(
    errorText(error, { color }),
    'ERROR: No such image: ap\nhint: Did you mean app?\nhint: See: strake images\n',
  )
})

test('the place in the source', () => {
  const source = 'FROM debian\n\nCPOY . /app\nRUN true\n'
  const error = new StrakeError('invalid', 'unknown instruction: CPOY', { range: at(3, 1, 3, 5), source })
  assert.equal(
    errorText(error, { color }),
    `ERROR: unknown instruction: CPOY
no/such/Dockerfile:3:1
 3 | CPOY . /app
     ^^^^
 4 | RUN true
`,
  )
})

test('several things that are wrong in one text', () => {
  const source = 'FORM a\nRUN x\nCPOY . /\n'
  const errors = [
    new StrakeError('invalid', 'unknown instruction: FORM', {
      range: at(1, 1, 1, 5),
      source,
      hint: 'Did you mean FROM?',
    }),
    new StrakeError('invalid', 'unknown instruction: CPOY', { range: at(3, 1, 3, 5), source }),
  ]
  const cause = new AggregateError(errors)
  assert.equal(
    errorText(new StrakeError('invalid', 'unknown instruction: FORM', { cause }), { color }),
    `ERROR: unknown instruction: FORM
no/such/Dockerfile:1:1
 1 | FORM a
     ^^^^
 2 | RUN x
hint: Did you mean FROM?

ERROR: unknown instruction: CPOY
no/such/Dockerfile:3:1
 2 | RUN x
 3 | CPOY . /
     ^^^^
`,
  )
})

test('not more of them than a person reads', () => {
  const errors = Array.from({ length: 25 }, (_, i) => new StrakeError('invalid', `wrong ${i}`))
  const text = errorText(new StrakeError('invalid', 'wrong', { cause: new AggregateError(errors) }), { color })
  assert.match(text, /ERROR: wrong 9\n\n… and 15 more errors\n$/)
})

test('a range of several lines, tabs and wide characters', () => {
  const source = 'FROM a\nRUN 日本 \\\n\t&& x\nCMD y'
  const error = new StrakeError('failed', 'no', { range: at(2, 5, 3, 6), source })
  assert.equal(
    errorText(error, { color }),
    `ERROR: no
no/such/Dockerfile:2:5
 1 | FROM a
 2 | RUN 日本 \\
         ^^^^^^
 3 |     && x
         ^^^^
 4 | CMD y
`,
  )
})

test('ranges that are not in the text, and text that is not there', () => {
  const beyond = new StrakeError('invalid', 'x', { range: at(9, 9, 9, 10), source: 'FROM a' })
  assert.equal(errorText(beyond, { color }), 'ERROR: x\nno/such/Dockerfile:9:9\n')
  const unknown = new StrakeError('invalid', 'x', { range: at(1, 1, 1, 2) })
  assert.equal(errorText(unknown, { color }), 'ERROR: x\nno/such/Dockerfile:1:1\n')
  const long = new StrakeError('invalid', 'x', { range: at(1, 1, 100, 2), source: 'a\n'.repeat(200) })
  assert.ok(errorText(long, { color }).split('\n').length < 30)
})

test('defects say that they are', () => {
  const text = errorText(new TypeError('x is not a function'), { color })
  assert.match(text, /^ERROR: x is not a function\nThis is a defect of Strake.*\nTypeError: .*\n {4}at /)
  assert.match(errorText(new StrakeError('internal', 'impossible'), { color }), /defect of Strake/)
  assert.match(errorText('text', { color }), /^ERROR: text\n/)
})

test('causes are shown on demand only', () => {
  const error = new StrakeError('unavailable', 'no', { cause: new Error('why') })
  assert.equal(errorText(error, { color }), 'ERROR: no\n')
  assert.match(errorText(error, { color, debug: true }), /StrakeError: no[\s\S]*caused by: Error: why/)
})

test('messages cannot steer the terminal', () => {
  const error = new StrakeError('invalid', 'bad name \x1b]0;x\x07\x1b[2Jy')
  assert.equal(errorText(error, { color }), 'ERROR: bad name y\n')
})
