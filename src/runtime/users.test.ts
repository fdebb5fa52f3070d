import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readHeadInRoot, readInRoot, resolveUser } from './users.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strake-test-'))
  mkdirSync(join(root, 'etc'))
})
afterEach(() => rmSync(root, { recursive: true }))

function write(passwd: string, group = '') {
  writeFileSync(join(root, 'etc/passwd'), passwd)
  writeFileSync(join(root, 'etc/group'), group)
}

const passwd = 'root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\n12:x:500:500::/twelve:/bin/sh\n'
const group = 'root:x:0:\nstaff:x:50:ann,bob\naudio:x:29:bob\nann:x:1001:\n'

test('users and groups are found by name and by number', () => {
  write(passwd, group)
  assert.deepEqual(resolveUser(root, ''), { uid: 0, gid: 0, groups: [0], home: '/root' })
  assert.deepEqual(resolveUser(root, 'ann'), { uid: 1000, gid: 1001, groups: [1001, 50], home: '/home/ann' })
  assert.deepEqual(resolveUser(root, '1000'), { uid: 1000, gid: 1001, groups: [1001, 50], home: '/home/ann' })
  assert.deepEqual(resolveUser(root, 'ann:staff'), { uid: 1000, gid: 50, groups: [50], home: '/home/ann' })
  assert.deepEqual(resolveUser(root, 'ann:77'), { uid: 1000, gid: 77, groups: [77], home: '/home/ann' })
  assert.deepEqual(resolveUser(root, '4000'), { uid: 4000, gid: 0, groups: [0], home: '/' })
  assert.equal(resolveUser(root, '12').uid, 500, 'a name made of digits is a name first')
})

test('an image without passwd and group still has numbers and root', () => {
  assert.deepEqual(resolveUser(root, ''), { uid: 0, gid: 0, groups: [0], home: '/' })
  assert.deepEqual(resolveUser(root, '5:6'), { uid: 5, gid: 6, groups: [6], home: '/' })
})

test('what can not be found is said in docker’s words', () => {
  write(passwd, group)
  assert.throws(() => resolveUser(root, 'nope'), {
    message: 'unable to find user nope: no matching entries in passwd file',
  })
  assert.throws(() => resolveUser(root, 'ann:no'), {
    message: 'unable to find group no: no matching entries in group file',
  })
  for (const user of ['2147483648', '0:2147483648']) {
    assert.throws(() => resolveUser(root, user), {
      code: 'invalid',
      message: 'uids and gids must be in range 0-2147483647',
    })
  }
})

test('lines that make no sense are passed over', () => {
  write('\n#c\nann\nann:x:abc:1\nbob:x:7:zzz::/b\n', 'g\nstaff:x:-1:bob\n')
  assert.throws(() => resolveUser(root, 'ann'), { code: 'invalid' })
  assert.deepEqual(resolveUser(root, 'bob'), { uid: 7, gid: 0, groups: [0], home: '/b' })
})

test('a hostile root can neither lead out, nor block, nor fill the memory', () => {
  symlinkSync('/etc/passwd', join(root, 'etc/loop-to-host'))
  assert.equal(readInRoot(root, '/etc/loop-to-host', 1e6), undefined)
  symlinkSync('../../../../../../etc/hostname', join(root, 'etc/up'))
  assert.equal(readInRoot(root, '/etc/up', 1e6), undefined)
  symlinkSync('loop', join(root, 'etc/loop'))
  assert.equal(readInRoot(root, '/etc/loop', 1e6), undefined)
  execFileSync('mkfifo', [join(root, 'etc/passwd')])
  assert.deepEqual(resolveUser(root, '').uid, 0)
  assert.equal(readInRoot(root, '/etc', 10), undefined)
  writeFileSync(join(root, 'etc/group'), '')
  truncateSync(join(root, 'etc/group'), 1e12)
  assert.throws(() => readInRoot(root, '/etc/group', 1e6), { code: 'invalid' })
  assert.equal(readHeadInRoot(root, '/etc/group', 10)?.length, 10)
  symlinkSync('/etc/real', join(root, 'etc/link'))
  writeFileSync(join(root, 'etc/real'), 'here')
  assert.equal(readInRoot(root, '/etc/link', 10)?.toString(), 'here')
})
