import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deb822, hostSources, parseDeb822, parseOneLine, sourcesFor, suiteOf, withoutPasswords } from './apt-sources.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

test('one-line entries', () => {
  const text = `# deb http://no/debian bookworm main
deb http://mirror.test/debian bookworm main contrib # why
deb-src http://mirror.test/debian bookworm main
deb [signed-by=/etc/apt/keyrings/x.gpg check-valid-until=no trusted=yes] http://m.test/x ./
`
  assert.deepEqual(parseOneLine(text), [
    { uris: ['http://mirror.test/debian'], suites: ['bookworm'], components: ['main', 'contrib'] },
    {
      uris: ['http://m.test/x'],
      suites: ['./'],
      components: [],
      signedBy: '/etc/apt/keyrings/x.gpg',
      trusted: true,
      checkValidUntil: false,
    },
  ])
})

test('deb822 entries, and back', () => {
  const text = `Types: deb deb-src
# a comment in the middle
URIs: http://user:secret@mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
Enabled: no
URIs: http://off.test/
Suites: x
`
  const sources = parseDeb822(text)
  assert.equal(sources.length, 1)
  assert.equal(
    deb822(sources.map(withoutPasswords)),
    `Types: deb
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: 
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`,
  )
  assert.deepEqual(parseDeb822(deb822(sources))[0]!.suites, ['bookworm', 'bookworm-updates'])
})

const host = [
  {
    uris: ['http://m.test/debian/'],
    suites: ['bookworm', 'bookworm-updates', 'bookworm-backports'],
    components: ['main', 'non-free'],
  },
  { uris: ['http://m.test/debian-security'], suites: ['bookworm-security'], components: ['main'], signedBy: '/k.gpg' },
  { uris: ['http://vendor.test/apt'], suites: ['bookworm'], components: ['main'] },
]

test("a suite comes from the machine's own entries", () => {
  assert.deepEqual(sourcesFor('debian', 'bookworm', { host }), [
    {
      uris: ['http://m.test/debian/'],
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main'],
      signedBy: keyring,
    },
    {
      uris: ['http://m.test/debian-security'],
      suites: ['bookworm-security'],
      components: ['main'],
      signedBy: '/k.gpg',
    },
  ])
})

test('another suite of the same distribution is taken from the same archives', () => {
  assert.deepEqual(
    sourcesFor('debian', 'trixie', { host }).map((s) => [s.uris[0], ...s.suites]),
    [
      ['http://m.test/debian/', 'trixie', 'trixie-updates'],
      ['http://m.test/debian-security', 'trixie-security'],
    ],
  )
  assert.deepEqual(
    sourcesFor('debian', 'sid', { host }).map((s) => s.suites),
    [['sid']],
  )
})

test('without an archive of the distribution a mirror is asked for', () => {
  assert.throws(() => sourcesFor('ubuntu', 'noble', { host }), { code: 'unavailable' })
})

test('a mirror is an address or lines of sources.list', () => {
  assert.deepEqual(sourcesFor('debian', 'bookworm', { host, mirror: 'http://x.test/debian' }), [
    { uris: ['http://x.test/debian'], suites: ['bookworm'], components: ['main'], signedBy: keyring },
  ])
  const mirror =
    'deb [check-valid-until=no] http://x.test/debian bookworm main\ndeb http://x.test/s bookworm-security main'
  assert.deepEqual(
    sourcesFor('debian', 'bookworm', { host, mirror }).map((s) => [s.checkValidUntil, ...s.suites]),
    [
      [false, 'bookworm'],
      [undefined, 'bookworm-security'],
    ],
  )
  assert.throws(() => sourcesFor('debian', 'bookworm', { host, mirror: '--help' }), /invalid mirror/)
})

test('suites by number; what cannot be one is refused', () => {
  assert.equal(suiteOf('debian', '12'), 'bookworm')
  assert.equal(suiteOf('ubuntu', '24.04'), 'noble')
  assert.throws(() => suiteOf('arch', 'x'), /unknown distribution/)
  assert.throws(() => suiteOf('ubuntu', 'latest; rm'), /unknown suite/)
  assert.throws(() => suiteOf('debian', '--foo'), /unknown suite/)
})

test('the files of a machine are read in both styles', () => {
  const etc = mkdtempSync(join(tmpdir(), 'strake-apt-'))
  try {
    mkdirSync(join(etc, 'sources.list.d'))
    writeFileSync(join(etc, 'sources.list'), 'deb http://a.test/debian sid main\n')
    writeFileSync(
      join(etc, 'sources.list.d/b.sources'),
      'Types: deb\nURIs: http://b.test/debian\nSuites: sid\nComponents: main\n',
    )
    writeFileSync(join(etc, 'sources.list.d/c.list.off'), 'deb http://c.test/debian sid main\n')
    assert.deepEqual(
      hostSources(etc).map((s) => s.uris[0]),
      ['http://a.test/debian', 'http://b.test/debian'],
    )
  } finally {
    rmSync(etc, { recursive: true })
  }
})
