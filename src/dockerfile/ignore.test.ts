import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ignoreMatcher, parseIgnore, parsePatterns } from './mod.ts'

const ignored = (text: string, path: string) => ignoreMatcher(parseIgnore(text)).ignored(path) !== undefined

describe('reading', () => {
  const patterns = (text: string | Uint8Array) =>
    parseIgnore(text).map(({ pattern, exclusion, line }) => `${line} ${exclusion ? '!' : ''}${pattern}`)

  test('comments, blanks, slashes and dots', () => {
    assert.deepEqual(
      patterns('\ufeff# comment\r\n\n  a/ \n/b\n!/c\n! d \n./x/../y//z\n # pattern\n/\n.\n../up\n\\#x\n'),
      ['3 a', '4 b', '5 !c', '6 !d', '7 y/z', '8 # pattern', '9 /', '10 .', '11 ../up', '12 \\#x'],
    )
    assert.deepEqual(patterns(new TextEncoder().encode('\ufeffa\n')), ['1 a'])
    assert.deepEqual(patterns(''), [])
  })

  test('what is wrong, and where', () => {
    for (const text of [
      '!',
      '! ',
      '[',
      '[]a]',
      '[-]',
      '[x-]',
      '[-x]',
      '[a-b-c]',
      '[^',
      '[^bc',
      'a[',
      '\\',
      '\\t',
      '[b-a]',
    ]) {
      assert.throws(() => parseIgnore(`ok\n ${text}\n`, 'x/.dockerignore'), {
        code: 'invalid',
        range: {
          file: 'x/.dockerignore',
          start: { line: 2, column: 2 },
          end: { line: 2, column: 2 + text.trim().length },
        },
      })
    }
  })
})

describe('one pattern', () => {
  // Pattern, path, whether it matches itself or by its parent.
  const cases: [string, string, boolean][] = [
    ['**', 'dir/file', true],
    ['**/', 'file', true],
    ['**/**', 'dir/file', true],
    ['dir/**', 'dir/file', true],
    ['dir/**', 'dir', false],
    ['dir/**', 'dir/dir2/file', true],
    ['**/dir', 'dir', true],
    ['**/dir', 'dir/file', true],
    ['**/dir2/*', 'dir/dir2/file', true],
    ['**/dir2/**', 'dir/dir2/dir3/file', true],
    ['**file', 'dir/dir/myfile', true],
    ['**/file', 'dir/myfile', false],
    ['**/file*txt', 'dir/dir/file.txt', true],
    ['**/**/*.txt', 'file.txt', true],
    ['**/**/*.txt2', 'dir/dir/file.txt', false],
    ['a**/*.txt', 'a/dir/dir/file.txt', true],
    ['a/*.txt', 'a/dir/file.txt', false],
    ['a/*.txt**', 'a/file.txt', true],
    ['a[b-d]e', 'ace', true],
    ['a[b-d]e', 'aae', false],
    ['a[^b-d]e', 'aze', true],
    ['a[^a]b', 'a☺b', true],
    ['[a-ζ]*', 'α', true],
    ['[\\]a]', ']', true],
    ['[x\\-]', '-', true],
    ['[*]', '*', true],
    ['[*]', 'x', false],
    ['.*', '.foo', true],
    ['.*', 'foo', false],
    ['abc.def', 'abcZdef', false],
    ['abc?def', 'abc/def', false],
    ['a?b', 'a☺b', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a(b)c/d+{}|$^', 'a(b)c/d+{}|$^', true],
    ['*', 'dir/file', true],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['**/a/**/b/*', 'a/b/c', true],
    ['**/a/**/b/*', 'x/a/y/z/b/c', true],
    ['**/a/**/b/*', 'x/a/y/zb/c', false],
    ['x/***/y', 'x/1/2/y', true],
  ]
  for (const [pattern, path, expected] of cases) {
    test(`${pattern} ${expected ? 'leaves out' : 'keeps'} ${path}`, () =>
      assert.equal(ignored(pattern, path), expected))
  }
})

test('a pattern of nothing but stars', () => {
  assert.equal(ignored('*'.repeat(60_000), 'a/b'), true)
  assert.equal(ignored(`${'**/'.repeat(20_000)}x`, 'a/b'), false)
})

// Results of Docker 28 for the files below.
describe('several patterns', () => {
  const files = ['foo/bar', 'foo/baz', 'foo/sub/x', 'top', 'sub/foo']
  const cases: [string, string[]][] = [
    ['foo\n!foo/bar', ['foo/bar', 'top', 'sub/foo']],
    ['foo\n!foo/bar\nfoo', ['foo/bar', 'top', 'sub/foo']],
    ['foo\n!foo/sub\nfoo', ['foo/sub/x', 'top', 'sub/foo']],
    ['*\n!foo', ['foo/bar', 'foo/baz', 'foo/sub/x']],
    ['**\n!foo/sub/x', ['foo/sub/x']],
    ['*\n!**/x', ['foo/sub/x']],
    ['*\n!foo/s*/x', ['foo/sub/x']],
    ['*\n!.', []],
    ['/', files],
    ['.', files],
    ['../foo', files],
    ['foo/**\n!foo/bar', ['foo/bar', 'top', 'sub/foo']],
    ['*/foo', ['foo/bar', 'foo/baz', 'foo/sub/x', 'top']],
    ['[^f]*', ['foo/bar', 'foo/baz', 'foo/sub/x']],
    ['*\n!foo\nfoo/s*', ['foo/bar', 'foo/baz']],
    ['foo\n!foo/sub\nfoo/sub\n!foo/sub/x', ['foo/sub/x', 'top', 'sub/foo']],
  ]
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => {
      const matcher = ignoreMatcher(parseIgnore(text))
      const kept = files.filter((path) => !matcher.ignored(path))
      assert.deepEqual(kept, expected)
      // A directory that need not be read has nothing in it that is kept.
      for (const path of kept) {
        const parts = path.split('/')
        for (let i = 1; i < parts.length; i++) {
          const parent = parts.slice(0, i).join('/')
          if (matcher.ignored(parent)) assert.ok(matcher.mayReinclude(parent), parent)
        }
      }
    })
  }

  test('names the pattern that decides', () => {
    const matcher = ignoreMatcher(parseIgnore('# x\n*.md\n!README.md\nREADME.md\n'))
    assert.equal(matcher.ignored('a.md')?.line, 2)
    assert.equal(matcher.ignored('README.md')?.line, 4)
    assert.equal(matcher.ignored('.'), undefined)
  })

  test('directories that need not be read', () => {
    const none = ignoreMatcher(parseIgnore('node_modules'))
    assert.equal(none.mayReinclude('node_modules'), false)
    const some = ignoreMatcher(parseIgnore('*\n!src/lib/**\n!docs/a.md'))
    assert.deepEqual(
      ['src', 'src/lib', 'src/lib/x', 'srcs', 'docs', 'docs/a.md', 'node_modules'].map(some.mayReinclude),
      [true, true, true, false, true, false, false],
    )
    assert.equal(ignoreMatcher(parseIgnore('*\n!**/*.md')).mayReinclude('node_modules'), true)
  })
})

test('matches as the regular expressions of moby do, and no pattern takes long', () => {
  const piece = fc.constantFrom('*', '**', '**/', '/', 'a', 'b', '.', '?', '[ab]', '[^a]')
  const path = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), minLength: 1, maxLength: 12 })
  const many = fc.array(piece, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(many, path, (pattern, path) => {
      const simple = ignored(pattern, path)
      const [cleaned] = parseIgnore(pattern)
      if (cleaned?.pattern.includes('..') || path.includes('//') || /^[/]|[/]$|^[.]$/.test(path)) return
      assert.equal(reference(cleaned!.pattern, path), simple, `${cleaned!.pattern} ${path}`)
    }),
    { numRuns: 3000 },
  )
  assert.equal(ignored(`${'*a'.repeat(200)}b`, 'a'.repeat(4000)), false)
  assert.equal(ignored('**/'.repeat(100).concat('b'), 'a/'.repeat(2000).concat('c')), false)
})

/** The translation into a regular expression that moby documents, for a path or one of its parents. */
function reference(pattern: string, path: string): boolean {
  if (pattern === '**') return true
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!
    if (char === '*' && pattern[i + 1] === '*') {
      i += pattern[i + 2] === '/' ? 2 : 1
      if (i + 1 >= pattern.length) source += '.*'
      else if (i === 1 && /^[ab./]*$/.test(pattern.slice(2))) source += '.*'
      else source += '(?:.*/)?'
    } else if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else source += char === '.' ? '\\.' : char
  }
  const regexp = new RegExp(`^${source}$`)
  const parts = path.split('/')
  return parts.some((_, i) => regexp.test(parts.slice(0, i + 1).join('/')))
}

test('patterns of flags keep their first slash, and do not know comments', () => {
  assert.deepEqual(parsePatterns([' a/../b ', '!c/', '/d', '#e', '', '**/*.md']), [
    { pattern: 'b', exclusion: false, line: 1 },
    { pattern: 'c', exclusion: true, line: 2 },
    { pattern: '/d', exclusion: false, line: 3 },
    { pattern: '#e', exclusion: false, line: 4 },
    { pattern: '**/*.md', exclusion: false, line: 6 },
  ])
  assert.throws(() => parsePatterns(['[']), { code: 'invalid' })
  assert.throws(() => parsePatterns(['!']), /illegal exclusion pattern/)
})

test('below which directories a pattern may match', () => {
  const matcher = ignoreMatcher(parsePatterns(['a/b/*.txt', 'c/**/d']))
  assert.deepEqual(
    ['a', 'a/b', 'a/x', 'c', 'c/x/y', 'e'].filter((path) => matcher.mayIgnore(path)),
    ['a', 'a/b', 'c', 'c/x/y'],
  )
})
