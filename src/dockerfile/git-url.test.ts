import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GitUrl, parseGitUrl } from './git-url.ts'

const plain = {
  ref: undefined,
  subdir: undefined,
  checksum: undefined,
  keepGitDir: undefined,
  submodules: true,
}

test('what is a repository', () => {
  const cases: [text: string, expected: Partial<GitUrl>][] = [
    ['https://host.test/a/b.git', { remote: 'https://host.test/a/b.git' }],
    ['HTTP://host.test/b.git#main', { remote: 'http://host.test/b.git', ref: 'main' }],
    [
      'https://host.test/b.git#feature/x:sub/dir',
      { remote: 'https://host.test/b.git', ref: 'feature/x', subdir: 'sub/dir' },
    ],
    ['https://host.test/b.git#:sub', { remote: 'https://host.test/b.git', subdir: 'sub' }],
    ['git://host.test/b', { remote: 'git://host.test/b' }],
    ['ssh://git@host.test:22/b', { remote: 'ssh://git@host.test:22/b' }],
    ['git@host.test:a/b.git#v1', { remote: 'git@host.test:a/b.git', ref: 'v1' }],
    ['git@host.test:b?ref=v1&subdir=s', { remote: 'git@host.test:b', ref: 'v1', subdir: 's' }],
    [
      'https://host.test/b.git?ref=main&subdir=/s&checksum=abc',
      { remote: 'https://host.test/b.git', ref: 'main', subdir: '/s', checksum: 'abc' },
    ],
    ['https://host.test/b.git?tag=v1', { remote: 'https://host.test/b.git', ref: 'refs/tags/v1' }],
    ['https://host.test/b.git?branch=refs/heads/x', { remote: 'https://host.test/b.git', ref: 'refs/heads/x' }],
    [
      'https://host.test/b.git?commit=abc&keep-git-dir',
      { remote: 'https://host.test/b.git', checksum: 'abc', keepGitDir: true },
    ],
    [
      'https://host.test/b.git?submodules=0&keep-git-dir=false',
      { remote: 'https://host.test/b.git', submodules: false, keepGitDir: false },
    ],
    ['https://host.test/b.git?ref=x#x', { remote: 'https://host.test/b.git', ref: 'x' }],
  ]
  for (const [text, expected] of cases) assert.deepEqual(parseGitUrl(text), { ...plain, ...expected }, text)
})

test('what is none', () => {
  for (const text of [
    'a',
    './x.git',
    'https://host.test/a.tar.gz',
    'https://host.test',
    'https://.git',
    'file:///a.git',
    'github.com/a/b',
    'ext::sh -c x',
    '',
  ]) {
    assert.equal(parseGitUrl(text), undefined, text)
  }
})

test('a context may also be of this machine, or of GitHub without more', () => {
  assert.equal(parseGitUrl('file:///a/b#main', { context: true })?.remote, 'file:///a/b')
  assert.equal(parseGitUrl('github.com/a/b#main:x', { context: true })?.remote, 'https://github.com/a/b')
})

test('queries that can not be meant', () => {
  for (const [query, message] of [
    ['?foo=1', /unexpected query "foo"/],
    ['?ref=', /query "ref" has no value/],
    ['?ref=a&ref=b', /multiple values/],
    ['?ref=a#b', /ref conflicts: "b" vs "a"/],
    ['?subdir=a#:b', /subdir conflicts/],
    ['?tag=a&branch=b', /branch conflicts with tag/],
    ['?keep-git-dir=x', /invalid keep-git-dir value: "x"/],
  ] as const) {
    assert.throws(() => parseGitUrl(`https://host.test/b.git${query}`), message)
  }
  assert.throws(
    () => parseGitUrl('https://host.test/b.git?subdri=x'),
    (error: { hint?: string }) => error.hint === 'Did you mean subdir?',
  )
})
