import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { redaction } from './redact.ts'

/** What is shown of a stream that comes in these chunks. */
function shown(secrets: readonly string[], chunks: readonly string[]): string {
  const redactor = redaction(secrets.map((secret) => Buffer.from(secret)))?.()
  if (!redactor) return chunks.join('')
  const parts = chunks.map((chunk) => Buffer.from(redactor.write(Buffer.from(chunk))))
  return Buffer.concat([...parts, redactor.end()]).toString()
}

test('secrets are taken out, also across chunks', () => {
  assert.equal(shown(['secret'], ['a secret and sec', 'ret', ' and secre', 't']), 'a *** and *** and ***')
  assert.equal(shown(['secret'], ['secre', 'cy']), 'secrecy')
  assert.equal(shown(['abcd', 'abcdef'], ['abcd', 'ef abcd ', 'abcde']), '*** *** ***e')
  assert.equal(shown(['aabaaa'], ['aabaabaaa']), 'aab***')
  assert.equal(shown(['pässwörd'], ['ein pässwö', 'rd']), 'ein ***')
})

test('blanks around a secret do not count, and its lines are secrets', () => {
  assert.equal(shown(['secret\n'], ['my secret.']), 'my ***.')
  const key = '-----BEGIN KEY-----\nc2VjcmV0IGtleQ==\nab\n-----END KEY-----\n'
  assert.equal(shown([key], [key]), '***\n')
  assert.equal(shown([key], ['1: c2VjcmV0IGtleQ==\n2: ab']), '1: ***\n2: ab')
})

test('what is too short to be a secret is let through', () => {
  assert.equal(redaction([Buffer.from('abc\n'), Buffer.from('')]), undefined)
  assert.equal(shown(['abc'], ['abc']), 'abc')
})

test('what can not become a secret is shown at once', () => {
  const redactor = redaction([Buffer.from('secret')])!()
  assert.equal(Buffer.from(redactor.write(Buffer.from('Password? '))).toString(), 'Password? ')
  assert.equal(Buffer.from(redactor.write(Buffer.from('sec'))).toString(), '')
  assert.equal(Buffer.from(redactor.write(Buffer.from('ond'))).toString(), 'second')
})

test('how a stream is cut makes no difference, and no secret is left in it', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 9 })
  const stream = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 30 }), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), stream, (secrets, chunks) => {
      const whole = shown(secrets, [chunks.join('')])
      assert.equal(shown(secrets, chunks), whole)
      for (const secret of secrets) assert.ok(!whole.includes(secret))
    }),
    { numRuns: 2000 },
  )
})

test('hostile output costs no more than other output', () => {
  const redactor = redaction([Buffer.from(`${'a'.repeat(100_000)}b`)])!()
  const chunk = Buffer.alloc(50_000, 'a')
  let length = 0
  for (let i = 0; i < 40; i++) length += redactor.write(chunk).length
  assert.equal(length + redactor.end().length, 40 * 50_000)
})
