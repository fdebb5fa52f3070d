import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StrakeError } from '../lib/mod.ts'
import { expand, expandHeredoc, expandWords, variables } from './mod.ts'

const env =
  (values: Record<string, string>) =>
  (name: string): string | undefined =>
    Object.hasOwn(values, name) ? values[name] : undefined

describe('expand', () => {
  // Word, environment, result.
  const cases: [string, Record<string, string>, string][] = [
    ['${A-a} ${B-b} ${C-c}', { A: 'x', B: '' }, 'x  c'],
    ['${A:-a} ${B:-b} ${C:-c}', { A: 'x', B: '' }, 'x b c'],
    ['${A+a} ${B+b} ${C+c}', { A: 'x', B: '' }, 'a b '],
    ['${A:+a} ${B:+b} ${C:+c}', { A: 'x', B: '' }, 'a  '],
    ['${A?no} ${B?no}', { A: 'x', B: '' }, 'x '],
    ['${A#()[]{\\}^$.\\*\\?|\\\\}', { A: '()[]{}^$.*?|\\x' }, 'x'],
    ['${A%%\\**}', { A: 'xx**' }, 'xx'],
    ['${A#*x*y}', { A: 'xxyy' }, 'y'],
    ['${A##*x*y}', { A: 'xxyyz' }, 'z'],
    ['${A#*}', { A: 'xxyy' }, 'xxyy'],
    ['${A##*}', { A: 'xxyy' }, ''],
    ['${A#$B}', { A: 'xxyy', B: 'x' }, 'xyy'],
    ['${A##*x}', { A: 'xxyy' }, 'yy'],
    ['${A#?\\?}', { A: '???y' }, '?y'],
    ['${A%x}', { A: 'xxyy' }, 'xxyy'],
    ['${A%y}', { A: 'xxyy' }, 'xxy'],
    ['${A%%\\**\\*}', { A: 'a***yy*' }, 'a'],
    ['${A%/*} ${A%%/*} ${A##*/}', { A: 'a/b/c' }, 'a/b a c'],
    ['${A/$N/.} - ${A//$N/.}', { A: '/foo*/*/*.txt', N: '\\*/' }, '/foo.*/*.txt - /foo..*.txt'],
    ['${A/$N/} - ${A//$N/}', { A: '/tmp/tmp/bar.txt', N: '/tmp' }, '/tmp/bar.txt - /bar.txt'],
    ['${A/$N/$R} - ${A//$N/$R}', { A: '/a/foo/b/c.txt', N: '/?/', R: '/' }, '/foo/b/c.txt - /foo/c.txt'],
    ['${A//\\//\\/}', { A: '/tmp/foo.txt' }, '\\/tmp\\/foo.txt'],
    ['${A/$B/ww}', { A: 'xxyy', B: '' }, 'wwxxyy'],
    ['${A//$B/w}', { A: 'xy', B: '' }, 'wxwyw'],
    ['${A///}', { A: 'xxyy' }, 'xxyy'],
    ['${A//X/-} ${A//X/\\$0}', { A: 'aXbXc' }, 'a-b-c a\\Xb\\Xc'],
    ['${A/a*b/-}', { A: 'xaabbcb' }, 'x-'],
    ['${A:-"x  y"}', {}, 'x  y'],
  ]
  for (const [word, values, expected] of cases) {
    test(word, () => assert.equal(expand(word, env(values), '\\'), expected))
  }

  test('with a backtick as escape character', () => {
    assert.equal(expand('C:\\a`$b `"c', env({}), '`'), 'C:\\a$b "c')
  })

  test('errors', () => {
    for (const [word, message] of [
      ['${A:?no $B}', /A: no b$/],
      ['${A?}', /A: is not allowed to be unset/],
      ['${B:?}', /^failed to process "\$\{B:\?\}": B: is not allowed to be empty/],
      ['${A//x}', /missing/],
      ['${A=a}', /unsupported modifier \(=\)/],
      ['${B#\\x}', /invalid pattern/],
      ['${A', /missing '}'/],
      ['${a:-'.repeat(1000), /nested too deeply/],
    ] as const) {
      assert.throws(() => expand(word, env({ B: word.includes('B:') ? '' : 'b' }), '\\'), { code: 'invalid', message })
    }
    const range = { file: 'x', start: { line: 1, column: 1 }, end: { line: 1, column: 5 } }
    assert.throws(() => expand({ text: "'", range }, env({}), '\\'), { range })
  })

  test('refuses to fill the memory', () => {
    const value = 'x'.repeat(1 << 20)
    assert.throws(() => expand('$A'.repeat(100), env({ A: value }), '\\'), /too long/)
    assert.throws(() => expand('${A//x/$A}', env({ A: value }), '\\'), StrakeError)
  })
})

test('words', () => {
  assert.deepEqual(expandWords('$P 90 "a b"$P', env({ P: '80 81' }), '\\'), ['80', '81', '90', 'a b80', '81'])
})

test('here-documents keep their quotes', () => {
  assert.equal(expandHeredoc('"$A" \\$A it\'s ${A:-x}\n', env({ A: 'a' })), '"a" $A it\'s a\n')
})

test('variables', () => {
  assert.deepEqual(variables("$A ${B:-$C} \\$D ${A} '$E' ${F:?x}", '\\'), ['A', 'C', 'B', 'F'])
  assert.throws(() => variables('${', '\\'), { code: 'invalid' })
})

test('any input is expanded or rejected', () => {
  const piece = fc.constantFrom(
    ...[
      '$',
      '${',
      '}',
      'A',
      'B',
      ':',
      '-',
      '+',
      '?',
      '#',
      '%',
      '/',
      '*',
      '"',
      "'",
      '\\',
      ' ',
      '<<',
      '1',
      '@',
      '😀',
      '\n',
    ],
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(text, text, (word, value) => {
      for (const escape of ['\\', '`'] as const) {
        for (const run of [expand, expandWords]) {
          try {
            run(word, env({ A: value }), escape)
          } catch (error) {
            assert.ok(error instanceof StrakeError)
          }
        }
      }
    }),
    { numRuns: 5000 },
  )
})

test('trimming and replacing agree with regular expressions', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 5 })
  const source = (pattern: string, star: string) => pattern.replaceAll('?', '.').replaceAll('*', star)
  fc.assert(
    fc.property(letters, pattern, (value, pattern) => {
      const run = (operator: string) => expand(`\${A${operator}$P}`, env({ A: value, P: pattern }), '\\')
      assert.equal(run('#'), value.replace(new RegExp(`^${source(pattern, '.*?')}`), ''))
      assert.equal(run('##'), value.replace(new RegExp(`^${source(pattern, '.*')}`), ''))
      const ends = Array.from({ length: value.length + 1 }, (_, i) => i).filter((i) =>
        new RegExp(`^${source(pattern, '.*')}$`).test(value.slice(i)),
      )
      assert.equal(run('%'), value.slice(0, ends.at(-1) ?? value.length))
      assert.equal(run('%%'), value.slice(0, ends[0] ?? value.length))
      const replace = (slash: string) => expand(`\${A${slash}$P/-}`, env({ A: value, P: pattern }), '\\')
      assert.equal(replace('/'), value.replace(new RegExp(source(pattern, '.*')), '-'))
    }),
    { numRuns: 3000 },
  )
})
