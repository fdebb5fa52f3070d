import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { pack } from 'tar-stream'
import { TarDecoder } from './decode.ts'
import { encodeHeader } from './encode.ts'
import { type PaxRecord, recordLength, writeRecord } from './pax.ts'
import type { TarEntry } from './types.ts'

interface Decoded {
  entry: TarEntry
  content: Buffer
}

/** Decodes an archive that comes in chunks of some size. */
function decode(archive: Uint8Array, chunk = archive.length): Decoded[] {
  const all: Decoded[] = []
  let closed = 0
  const decoder = new TarDecoder({
    entry(entry) {
      assert.equal(closed, all.length)
      all.push({ entry, content: Buffer.alloc(Math.min(entry.size, 1 << 22)) })
    },
    data: (bytes, position) => all.at(-1)!.content.set(bytes, position),
    close: () => closed++,
  })
  for (let at = 0; at < archive.length; at += chunk) decoder.write(archive.subarray(at, at + chunk))
  decoder.end()
  assert.equal(closed, all.length)
  return all
}

const zeros = Buffer.alloc(1024)

/** A header block by hand, with a right checksum. */
function header(fields: Record<number, string | Uint8Array>): Buffer {
  const block = Buffer.alloc(512)
  const put = (at: number, value: string | Uint8Array) =>
    block.set(typeof value === 'string' ? Buffer.from(value, 'latin1') : value, at)
  put(0, 'x')
  put(156, '0')
  put(257, 'ustar\x0000')
  for (const [at, value] of Object.entries(fields)) put(Number(at), value)
  if (!(148 in fields)) {
    block.fill(32, 148, 156)
    put(
      148,
      `${block
        .reduce((a, b) => a + b)
        .toString(8)
        .padStart(6, '0')}\0 `,
    )
  }
  return block
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

function extension(typeflag: string, body: Uint8Array): Buffer {
  return Buffer.concat([header({ 124: body.length.toString(8).padStart(11, '0'), 156: typeflag }), padded(body)])
}

function encodeRecords(records: readonly PaxRecord[]): Buffer {
  const body = Buffer.alloc(records.reduce((sum, record) => sum + recordLength(record), 0))
  records.reduce((at, record) => writeRecord(body, at, record), 0)
  return body
}

const corrupt = { name: 'StrakeError', code: 'corrupt' }

describe('archives of GNU tar', () => {
  let dir: string
  const long = `${'directory-'.repeat(20)}/${'name-'.repeat(30)}`
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'strake-tar-'))
    mkdirSync(join(dir, 'tree', long.split('/')[0]!), { recursive: true })
    const tree = join(dir, 'tree')
    writeFileSync(join(tree, 'a'), 'hello')
    writeFileSync(Buffer.from(`${tree}/b-\xff\xfe`, 'latin1'), 'not UTF-8')
    writeFileSync(join(tree, long), 'long')
    symlinkSync('t'.repeat(150), join(tree, 'symlink'))
    utimesSync(join(tree, 'a'), 1, new Date(-5000))
    const sparse = openSync(join(tree, 'sparse'), 'w')
    for (let i = 0; i < 50; i++) writeSync(sparse, Buffer.alloc(4096, 65 + (i % 26)), 0, 4096, i * 65536)
    ftruncateSync(sparse, 4_000_000)
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  const sparse = Buffer.alloc(4_000_000)
  for (let i = 0; i < 50; i++) sparse.fill(65 + (i % 26), i * 65536, i * 65536 + 4096)

  const forms: Record<string, string[]> = {
    gnu: ['--format=gnu'],
    'oldgnu, sparse': ['--format=oldgnu', '--sparse'],
    'gnu, sparse': ['--format=gnu', '--sparse'],
    pax: ['--format=pax'],
    'pax, sparse 0.0': ['--format=pax', '--sparse', '--sparse-version=0.0'],
    'pax, sparse 0.1': ['--format=pax', '--sparse', '--sparse-version=0.1'],
    'pax, sparse 1.0': ['--format=pax', '--sparse', '--sparse-version=1.0'],
  }
  for (const [name, options] of Object.entries(forms)) {
    it(name, () => {
      const archive = execFileSync('tar', ['-cf', '-', '--sort=name', '-C', join(dir, 'tree'), ...options, '.'], {
        maxBuffer: 1 << 26,
      })
      if (name.includes('sparse')) assert.ok(archive.length < 1_000_000)
      const expected: [string, string, Buffer][] = [
        ['.', 'directory', Buffer.alloc(0)],
        ['./a', 'file', Buffer.from('hello')],
        ['./b-\xff\xfe', 'file', Buffer.from('not UTF-8')],
        [`./${long.split('/')[0]}`, 'directory', Buffer.alloc(0)],
        [`./${long}`, 'file', Buffer.from('long')],
        ['./sparse', 'file', sparse],
        ['./symlink', 'symlink', Buffer.alloc(0)],
      ]
      for (const chunk of [archive.length, 1000, 512]) {
        const decoded = decode(archive, chunk)
        assert.deepEqual(
          decoded.map(({ entry }) => [entry.path, entry.type, entry.size]),
          expected.map(([path, type, { length }]) => [path, type, length]),
        )
        for (const [i, { content }] of decoded.entries()) assert.ok(content.equals(expected[i]![2]), expected[i]![0])
        assert.equal(decoded[1]!.entry.mtime, -5_000_000_000n)
        assert.equal(decoded.at(-1)!.entry.target, 't'.repeat(150))
      }
    })
  }

  it('v7', () => {
    const archive = execFileSync(
      'tar',
      ['-cf', '-', '--format=v7', '--mtime=@100', '-C', join(dir, 'tree'), '--no-recursion', '.', './a'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    assert.deepEqual(
      decode(archive).map(({ entry, content }) => [entry.path, entry.type, content.toString()]),
      [
        ['.', 'directory', ''],
        ['./a', 'file', 'hello'],
      ],
    )
  })
})

it('reads what tar-stream writes', async () => {
  const writer = pack()
  writer.entry({ name: 'd', type: 'directory', mtime: new Date(1000) })
  writer.entry({ name: `d/${'ü'.repeat(80)}`, uid: 7, mode: 0o600, mtime: new Date(2000) }, 'content')
  writer.entry({ name: 'd/l', type: 'symlink', linkname: '../x', mtime: new Date(0) })
  writer.finalize()
  const decoded = decode(Buffer.concat(await Array.fromAsync(writer as AsyncIterable<Buffer>)))
  assert.deepEqual(
    decoded.map(({ entry: { path, type, uid, mtime, target }, content }) => [
      Buffer.from(path, 'latin1').toString(),
      type,
      uid,
      mtime,
      target,
      content.toString(),
    ]),
    [
      ['d', 'directory', 0, 1_000_000_000n, undefined, ''],
      [`d/${'ü'.repeat(80)}`, 'file', 7, 2_000_000_000n, undefined, 'content'],
      ['d/l', 'symlink', 0, 0n, '../x', ''],
    ],
  )
})

describe('headers', () => {
  const only = (...parts: Uint8Array[]) => decode(Buffer.concat([...parts, zeros]))[0]!.entry

  it('base-256 numbers', () => {
    const uid = Uint8Array.of(0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xfe)
    const mtime = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6)
    const entry = only(header({ 108: uid, 136: mtime }))
    assert.equal(entry.uid, 0x7ffffffe)
    assert.equal(entry.mtime, -10_000_000_000n)
  })

  it('signed checksums', () => {
    const block = header({ 0: '\xe9\xe9' })
    let sum = 8 * 32
    for (const [at, byte] of block.entries()) if (at < 148 || at > 155) sum += byte > 127 ? byte - 256 : byte
    assert.equal(only(header({ 0: '\xe9\xe9', 148: `${sum.toString(8).padStart(6, '0')}\0 ` })).path, '\xe9\xe9')
  })

  it('loosely written numbers', () => {
    assert.equal(only(header({ 100: '   755 \0' })).mode, 0o755)
    assert.equal(only(header({ 100: '755\0junk' })).mode, 0o755)
    assert.equal(only(header({ 100: '        ' })).mode, 0)
  })

  it('global and local PAX records', () => {
    const global = extension(
      'g',
      encodeRecords([
        ['comment', 'x'],
        ['uid', '42'],
        ['gid', '43'],
      ]),
    )
    const local = extension(
      'x',
      encodeRecords([
        ['gid', ''],
        ['path', 'p'],
        ['mtime', '1.25'],
      ]),
    )
    const entry = only(global, local, header({ 116: '0000011' }))
    assert.deepEqual([entry.path, entry.uid, entry.gid, entry.mtime], ['p', 42, 9, 1_250_000_000n])
  })

  it('attributes of star and of libarchive', () => {
    const value = Buffer.from([0, 1, 0xff, 10, 61])
    const body = encodeRecords([
      ['SCHILY.xattr.security.capability', value],
      ['LIBARCHIVE.xattr.user.a%3Db', value.toString('base64')],
    ])
    assert.deepEqual(
      [...only(extension('x', body), header({})).xattrs!],
      [
        ['security.capability', value],
        ['user.a=b', value],
      ],
    )
  })

  it('a size of PAX', () => {
    const body = encodeRecords([['size', '3']])
    const [first] = decode(Buffer.concat([extension('x', body), header({}), padded(Buffer.from('abc')), zeros]))
    assert.equal(first!.content.toString(), 'abc')
  })

  it('ends without closing blocks, and ignores what follows them', () => {
    assert.deepEqual(decode(Buffer.alloc(0)), [])
    assert.equal(decode(header({})).length, 1)
    assert.equal(decode(Buffer.concat([header({}), zeros, Buffer.from('whatever')])).length, 1)
  })
})

describe('broken archives', () => {
  const number = (text: string) => header({ 124: text })
  const pax = (...records: [string, string][]) => Buffer.concat([extension('x', encodeRecords(records)), header({})])
  const gnuSparse = (fields: string) => header({ 156: 'S', 257: 'ustar  \0', 386: fields, 483: '00000001000' })
  const cases: Record<string, Uint8Array> = {
    'no tar': Buffer.from('this is no tar at all '.repeat(50)),
    'a wrong checksum': header({ 148: '0000001\0' }),
    'a checksum that is no number': header({ 148: 'zzzzzzz\0' }),
    'no number': number('12x45678901'),
    'a negative size': number('\xff'.repeat(12)),
    'a size beyond 2^53': number(`\x80${'\x7f'.repeat(11)}`),
    'an unknown type': header({ 156: '?' }),
    'another volume': header({ 156: 'M' }),
    'a user that is -1': header({ 108: Uint8Array.of(0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff) }),
    'a huge PAX header': header({ 156: 'x', 124: '77777777777' }),
    'a huge name': header({ 156: 'L', 124: '00010000000' }),
    'a PAX record without length': extension('x', Buffer.from('path=x\n')),
    'a PAX record that is too long': extension('x', Buffer.from('99 path=x\n')),
    'a PAX record that is too short': extension('x', Buffer.from('3 path=x\n')),
    'a PAX record of length 0': extension('x', Buffer.from('0 path=x\n')),
    'a PAX record without value': extension('x', Buffer.from('7 path\n')),
    'a PAX time that is none': pax(['mtime', 'yesterday']),
    'a PAX size that is none': pax(['size', '-1']),
    'a PAX size beyond 2^53': pax(['size', '9'.repeat(17)]),
    'PAX records of nothing': extension('x', encodeRecords([['path', 'x']])),
    'a long name of nothing': extension('L', Buffer.from('name\0')),
    'a lone block of zeros': Buffer.concat([Buffer.alloc(512), header({})]),
    'a sparse file with stretches in disorder': Buffer.concat([
      gnuSparse('00000000400\x0000000000100\x0000000000000\x0000000000100\x00'),
      zeros,
    ]),
    'a sparse file with a stretch beyond its end': Buffer.concat([gnuSparse('00000001000\x0000000000100\x00'), zeros]),
    'a sparse map that is odd': pax(['GNU.sparse.map', '1,2,3'], ['GNU.sparse.size', '100']),
    'a sparse map of a file without data': pax(['GNU.sparse.map', '0,10'], ['GNU.sparse.size', '100']),
    'a sparse map that does not end': Buffer.concat([
      extension(
        'x',
        encodeRecords([
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '5'],
        ]),
      ),
      header({ 124: '00000001000' }),
      padded(Buffer.from('9\n1\n1\n')),
      zeros,
    ]),
  }
  for (const [name, archive] of Object.entries(cases)) {
    it(name, () => {
      assert.throws(() => decode(archive), corrupt)
      assert.throws(() => decode(archive, 100), corrupt)
    })
  }

  it('too many global records', () => {
    const one = extension('g', encodeRecords([['x', 'y'.repeat(500_000)]]))
    assert.throws(() => decode(Buffer.concat([one, one, one, header({})])), corrupt)
  })

  const whole = Buffer.concat([
    encodeHeader({
      path: 'p'.repeat(300),
      type: 'file',
      mode: 0,
      uid: 0,
      gid: 0,
      size: 700,
      mtime: 1n,
      xattrs: new Map([['user.a', Buffer.from('b')]]),
    }),
    Buffer.alloc(1024),
  ])

  it('cut off anywhere', () => {
    for (let length = 1; length < whole.length; length++)
      assert.throws(() => decode(whole.subarray(0, length)), corrupt)
    decode(whole)
  })

  it('damaged anywhere: an error or entries, never anything else', () => {
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 600 }),
        (at, bytes, chunk) => {
          const archive = Buffer.from(whole)
          archive.set(bytes.subarray(0, whole.length - at), at)
          // A header that was damaged deserves a checksum, or nothing behind the check would ever be tried.
          for (let block = 0; block < archive.length; block += 512) {
            archive.fill(32, block + 148, block + 156)
            const sum = archive.subarray(block, block + 512).reduce((a, b) => a + b)
            archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, block + 148)
          }
          try {
            decode(archive, chunk)
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'corrupt', String(error))
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
