import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { ndbDatabase, rpmHeader, TestRoot, writeRpmDatabase } from '../testing.ts'
import type { Inventory } from './types.ts'

const namesOf = ({ packages }: Inventory) => packages.map(({ kind, name, version }) => `${kind} ${name} ${version}`)

describe('packages of a root file system', () => {
  it('dpkg: installed ones of status, and those of status.d', async () => {
    using root = new TestRoot({
      'etc/os-release': 'PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n',
      'var/lib/dpkg/status': `Package: libc6
Status: install ok installed
Maintainer: Somebody <s@example.com>
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u4
Description: GNU C Library
 more of it
 Version: no field
Homepage: https://example.com/libc

Package: gone
Status: deinstall ok config-files
Version: 1

Package: half
Status: install ok half-configured
Version: 2:3~rc1

no field at all
`,
      'var/lib/dpkg/status.d/base': 'Package: base-files\nVersion: 12\nArchitecture: all\n',
      'var/lib/dpkg/available': 'Package: other\nVersion: 1\n',
    })
    const found = await root.scan()
    assert.deepEqual(namesOf(found), ['deb base-files 12', 'deb half 2:3~rc1', 'deb libc6 2.36-9+deb12u4'])
    assert.deepEqual(found.distribution, { id: 'debian', version: '12' })
    const { evidence, ...libc } = found.packages[2]!
    assert.deepEqual(libc, {
      kind: 'deb',
      name: 'libc6',
      version: '2.36-9+deb12u4',
      architecture: 'amd64',
      upstream: 'glibc',
      homepage: 'https://example.com/libc',
      summary: 'GNU C Library',
      maintainer: 'Somebody <s@example.com>',
    })
    assert.deepEqual(
      evidence.map(({ path }) => path),
      ['var/lib/dpkg/status'],
    )
  })

  it('dpkg: what dpkg-query tells of this machine', { skip: !existsSync('/var/lib/dpkg/status') }, async () => {
    using root = new TestRoot({ 'var/lib/dpkg/status': readFileSync('/var/lib/dpkg/status') })
    const format = '${db:Status-Status} ${Package} ${Version} ${Architecture}\n'
    const told = execFileSync('dpkg-query', [`--admindir=${root.at('var/lib/dpkg')}`, '-W', '-f', format])
    const installed = told.toString().split('\n')
    const wanted = installed.flatMap((line) => (/^(?!config-files|not-installed)\S+ (.+)$/.exec(line) ?? []).slice(1))
    const found = (await root.scan()).packages.map(({ name, version, architecture }) =>
      [name, version, architecture].join(' '),
    )
    assert.deepEqual(found.sort(), wanted.sort())
  })

  it('apk, also below usr', async () => {
    using root = new TestRoot({
      'usr/lib/os-release': 'ID=alpine\nVERSION_ID=3.20.1\n',
      'lib/apk/db/installed': `C:Q1abc=
P:musl
V:1.2.5-r0
A:x86_64
L:MIT
T:the musl c library
o:musl
U:https://musl.example.com/
m:Someone <a@example.com>
F:lib
R:ld-musl-x86_64.so.1

P:ssl_client
V:1.36.1-r28
A:x86_64
L:GPL-2.0-only
o:busybox

P:no-version
`,
    })
    const found = await root.scan()
    assert.deepEqual(namesOf(found), ['apk musl 1.2.5-r0', 'apk ssl_client 1.36.1-r28'])
    assert.equal(found.packages[0]!.upstream, undefined)
    assert.equal(found.packages[0]!.license, 'MIT')
    assert.equal(found.packages[1]!.upstream, 'busybox')
  })

  const bash = rpmHeader(
    {
      1000: 'bash',
      1001: '5.2.26',
      1002: '3.fc40',
      1014: 'GPL-3.0-or-later',
      1022: 'x86_64',
      1044: 'bash-5.2.26-3.fc40.src.rpm',
    },
    2,
  )
  const key = rpmHeader({ 1000: 'gpg-pubkey', 1001: 'a15b79cc', 1002: '63d04c2c' })

  it('rpm: SQLite, without the keys of packages', async () => {
    using root = new TestRoot()
    writeRpmDatabase(root.at('usr/lib/sysimage/rpm/rpmdb.sqlite'), [bash, key])
    const found = await root.scan()
    assert.deepEqual(namesOf(found), ['rpm bash 5.2.26-3.fc40'])
    const [{ architecture, epoch, upstream }] = found.packages as [Inventory['packages'][0]]
    assert.deepEqual([architecture, epoch, upstream], ['x86_64', '2', 'bash-5.2.26-3.fc40.src.rpm'])
  })

  it('rpm: its own format; Berkeley DBs and what is broken are told', async () => {
    using root = new TestRoot({
      'var/lib/rpm/Packages.db': ndbDatabase([bash, key]),
      'old/var/lib/rpm/Packages': 'anything',
      'broken/rpm/rpmdb.sqlite': 'not SQLite',
      'broken/rpm/Packages.db': ndbDatabase([bash]).subarray(0, 4200),
      'view/rpm/rpmdb.sqlite': '',
      'cut/rpm/Packages.db': ndbDatabase([bash.subarray(0, bash.length - 8)]),
    })
    using view = new DatabaseSync(root.at('view/rpm/rpmdb.sqlite'))
    view.exec(
      'CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS (SELECT 1 UNION ALL SELECT hnum FROM n) SELECT * FROM n',
    )
    const found = await root.scan()
    assert.deepEqual(namesOf(found), ['rpm bash 5.2.26-3.fc40'])
    assert.deepEqual(found.unreadable.map(({ path, why }) => `${path}: ${why}`).sort(), [
      'broken/rpm/Packages.db: it is cut off',
      'broken/rpm/rpmdb.sqlite: file is not a database',
      'cut/rpm/Packages.db: a package in it has a broken header',
      'old/var/lib/rpm/Packages: it is a Berkeley DB, which rpm itself has given up',
      'view/rpm/rpmdb.sqlite: it has no table of packages',
    ])
  })

  it('npm: packages in node_modules, scoped and nested, one for each version; no test data', async () => {
    const manifest = (name: string, version: string, more: object = {}) => JSON.stringify({ name, version, ...more })
    using root = new TestRoot({
      'app/package.json': manifest('app', '1.0.0'),
      'app/node_modules/left/package.json': manifest('left', '1.0.0', {
        license: { type: 'MIT' },
        author: { name: 'A', email: 'a@b' },
      }),
      'app/node_modules/left/lib/package.json': manifest('inner', '1.0.0'),
      'app/node_modules/@scope/right/package.json': manifest('@scope/right', '2.0.0-rc.1', { license: 'ISC' }),
      'app/node_modules/@scope/right/node_modules/left/package.json': manifest('left', '0.9.0'),
      'usr/lib/node_modules/left/package.json': manifest('left', '1.0.0'),
      'app/node_modules/junk/package.json': '{',
      'app/node_modules/list/package.json': '[]',
      'app/node_modules/odd/package.json': manifest('../../odd name', '1'),
      'app/node_modules/.package-lock.json': '{}',
    })
    const found = await root.scan()
    assert.deepEqual(namesOf(found), ['npm @scope/right 2.0.0-rc.1', 'npm left 0.9.0', 'npm left 1.0.0'])
    const left = found.packages[2]!
    assert.deepEqual([left.license, left.maintainer, left.evidence.length], ['MIT', 'A <a@b>', 2])
  })

  it('npm: the packages of this project', async () => {
    const modules = join(import.meta.dirname, '../../../node_modules')
    using root = new TestRoot()
    for (const name of ['esbuild', '@biomejs/biome']) {
      root.write(`node_modules/${name}/package.json`, readFileSync(join(modules, name, 'package.json')))
    }
    const version = (name: string) => JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version
    const wanted = ['@biomejs/biome', 'esbuild'].map((name) => `npm ${name} ${version(name)}`)
    assert.deepEqual(namesOf(await root.scan()), wanted)
  })

  it('pip: wheels, eggs and the files of distutils', async () => {
    using root = new TestRoot({
      'usr/lib/python3/site-packages/Flask_Login-0.6.3.dist-info/METADATA': `Metadata-Version: 2.1
Name: Flask-Login
Version: 0.6.3
Summary: User session management
Author: Matthew
Author-email: m@example.com
License: MIT

Name: not this one
`,
      'usr/lib/python3/site-packages/Flask_Login-0.6.3.dist-info/RECORD': 'Name: no\nVersion: 1\n',
      'usr/lib/python3/dist-packages/old-1.egg-info': 'Name: old\r\nVersion: 1\r\nLicense: UNKNOWN\r\n',
      'usr/lib/python3/dist-packages/egg-2.egg-info/PKG-INFO':
        'Name: egg\nVersion: 2\nLicense: one\n        two\nLicense-Expression: BSD-3-Clause\n',
    })
    const found = await root.scan()
    assert.deepEqual(namesOf(found), ['pypi Flask-Login 0.6.3', 'pypi egg 2', 'pypi old 1'])
    assert.deepEqual(
      found.packages.map(({ license, maintainer }) => [license, maintainer]),
      [
        ['MIT', 'Matthew <m@example.com>'],
        ['BSD-3-Clause', undefined],
        [undefined, undefined],
      ],
    )
  })

  it('follows no symlink, opens no pipe, and says in which layer a file is', async () => {
    using outside = new TestRoot({ 'var/lib/dpkg/status': 'Package: outside\nVersion: 1\n' })
    using root = new TestRoot({ 'lower/x': '', 'etc/passwd': '' })
    mkdirSync(root.at('var/lib'), { recursive: true })
    symlinkSync(outside.at('var/lib/dpkg'), root.at('var/lib/dpkg'))
    mkdirSync(root.at('lib/apk/db'), { recursive: true })
    symlinkSync('/etc/passwd', root.at('lib/apk/db/installed'))
    mkdirSync(root.at('usr/lib/apk/db'), { recursive: true })
    execFileSync('mkfifo', [root.at('usr/lib/apk/db/installed')])
    assert.deepEqual(namesOf(await root.scan()), [])

    using layers = new TestRoot({ 'one/a.egg-info': '', 'two/other': '' })
    root.write('a.egg-info', 'Name: a\nVersion: 1\n')
    const stack = ['two', 'one'].map((name) => ({ path: layers.at(name), diffId: `sha256:${name}` }))
    const { evidence } = await root.scan(stack)
    assert.deepEqual(
      evidence.map(({ path, layer }) => [path, layer]),
      [['a.egg-info', 'sha256:one']],
    )
    rmSync(dirname(root.at('lib/apk/db/installed')), { recursive: true })
  })

  it('reads names that are no UTF-8', async () => {
    using root = new TestRoot()
    execFileSync('sh', [
      '-c',
      `mkdir "${root.path}/$(printf 'd\\344')" && printf 'Name: a\\nVersion: 1\\n' > "${root.path}/$(printf 'd\\344')/x.egg-info"`,
    ])
    const { evidence } = await root.scan()
    assert.deepEqual(
      evidence.map(({ path }) => path),
      ['d\xe4/x.egg-info'],
    )
  })
})
