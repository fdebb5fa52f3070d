import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { extract, type Header } from 'tar-stream'
import { TarDecoder } from './decode.ts'
import { encodeHeader, paddingOf, trailerSize } from './encode.ts'
import type { TarEntry } from './types.ts'

const plain: TarEntry = { path: 'file', type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0n }

/** A whole archive, with contents of `x`. */
function archive(...entries: TarEntry[]): Buffer {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    parts.push(Uint8Array.from(encodeHeader(entry)), Buffer.alloc(entry.size, 'x'), Buffer.alloc(paddingOf(entry.size)))
  }
  return Buffer.concat([...parts, Buffer.alloc(trailerSize)])
}

function decode(bytes: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = []
  const decoder = new TarDecoder({ entry: (entry) => entries.push(entry), data() {}, close() {} })
  decoder.write(bytes)
  decoder.end()
  return entries
}

describe('encodeHeader', () => {
  it('writes plain ustar where that is enough', () => {
    const header = Buffer.from(
      encodeHeader({ ...plain, path: 'etc', type: 'directory', mode: 0o1755, uid: 1000, mtime: 10n ** 9n }),
    )
    assert.equal(header.length, 512)
    const expected = Buffer.alloc(512)
    const put = (at: number, text: string) => expected.write(text, at, 'latin1')
    put(0, 'etc/')
    put(100, '0001755')
    put(108, '0001750')
    put(116, '0000000')
    put(124, '00000000000')
    put(136, '00000000001')
    put(156, '5')
    put(257, 'ustar\x0000')
    let sum = 8 * 32
    for (const [at, byte] of expected.entries()) if (at < 148 || at > 155) sum += byte
    put(148, `${sum.toString(8).padStart(6, '0')}\0 `)
    assert.deepEqual(header, expected)
  })

  it('uses the prefix field before PAX', () => {
    const long = `${'d'.repeat(155)}/${'f'.repeat(100)}`
    assert.equal(encodeHeader({ ...plain, path: long }).length, 512)
    assert.equal(encodeHeader({ ...plain, path: `${long}f` }).length, 3 * 512)
    assert.equal(encodeHeader({ ...plain, path: 'd'.repeat(100), type: 'directory' }).length, 3 * 512)
    assert.deepEqual(
      decode(archive({ ...plain, path: long }, { ...plain, path: `${long}f` })).map((e) => e.path),
      [long, `${long}f`],
    )
  })

  it('refuses names with NUL', () => {
    assert.throws(() => encodeHeader({ ...plain, path: 'a\0b' }), { code: 'invalid' })
    assert.throws(() => encodeHeader({ ...plain, type: 'symlink', target: 'a\0b' }), { code: 'invalid' })
  })

  it('is read back as it was, whatever it holds', () => {
    const name = fc
      .array(
        fc
          .string({
            unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
            minLength: 1,
            maxLength: 120,
          })
          .map((text) => text.replaceAll('/', '_')),
        { minLength: 1, maxLength: 4 },
      )
      .map((names) => names.join('/'))
    const number = (max: number) => fc.oneof(fc.nat(10), fc.integer({ min: 0, max }))
    const base = {
      path: name,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: number(2 ** 32 - 2),
      gid: number(2 ** 32 - 2),
      mtime: fc.oneof(
        fc.bigInt(-(10n ** 20n), 10n ** 20n),
        fc.bigInt(0n, 2n ** 31n).map((s) => s * 10n ** 9n),
      ),
      xattrs: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 20 }).map((text) => `user.${text.replace(/[^\x01-\x7f]/g, '')}`),
        fc.uint8Array({ maxLength: 300 }),
      ),
    }
    const entry = fc.oneof(
      fc.record({ ...base, type: fc.constant('file' as const), size: fc.nat(2000) }),
      fc.record({ ...base, type: fc.constantFrom('directory' as const, 'fifo' as const), size: fc.constant(0) }),
      fc.record({
        ...base,
        type: fc.constantFrom('symlink' as const, 'link' as const),
        size: fc.constant(0),
        target: name,
      }),
      fc.record({
        ...base,
        type: fc.constantFrom('char' as const, 'block' as const),
        size: fc.constant(0),
        device: fc.record({ major: fc.nat(4095), minor: fc.nat(1048575) }, { noNullPrototype: true }),
      }),
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (generated) => {
        const entries = generated.map(({ xattrs, ...rest }): TarEntry => {
          const map = new Map(Object.entries(xattrs).sort(([a], [b]) => (a < b ? -1 : 1)))
          return { ...rest, ...(map.size > 0 && { xattrs: map }) }
        })
        const bytes = archive(...entries)
        const sorted = (e: TarEntry) => ({
          ...e,
          ...(e.xattrs && { xattrs: [...e.xattrs].map(([k, v]) => [k, Buffer.from(v)]).sort() }),
        })
        assert.deepEqual(decode(bytes).map(sorted), entries.map(sorted))
        assert.deepEqual(archive(...entries), bytes)
      }),
    )
  })

  it('keeps sizes beyond 8 GiB', () => {
    const header = Buffer.from(encodeHeader({ ...plain, size: 10 * 1024 ** 3 }))
    const sizes: number[] = []
    const decoder = new TarDecoder({ entry: ({ size }) => sizes.push(size), data() {}, close() {} })
    decoder.write(header)
    assert.deepEqual(sizes, [10 * 1024 ** 3])
    assert.throws(() => decoder.end(), { code: 'corrupt' })
  })
})

describe('other programs', () => {
  const mtime = 1_700_000_000_123_456_789n
  const entries: TarEntry[] = [
    { ...plain, path: 'd', type: 'directory', mode: 0o755, mtime },
    { ...plain, path: `d/${'n'.repeat(200)}`, mtime, size: 1000 },
    { ...plain, path: 'd/link', type: 'link', target: `d/${'n'.repeat(200)}`, mtime },
    { ...plain, path: 'd/old', mtime: -2_000_000_000n, uid: 3_000_000 },
    { ...plain, path: 'd/symlink', type: 'symlink', mode: 0o777, target: 't'.repeat(150), mtime },
    { ...plain, path: 'd/tty', type: 'char', device: { major: 5, minor: 1 } },
  ]

  it('GNU tar lists it', () => {
    const listed = execFileSync('tar', ['-tvf', '-', '--full-time', '--numeric-owner', '--utc'], {
      input: archive(...entries),
      encoding: 'latin1',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    })
    assert.deepEqual(
      listed
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
      [
        'drwxr-xr-x 0/0 0 2023-11-14 22:13:20.123456789 d/',
        `-rw-r--r-- 0/0 1000 2023-11-14 22:13:20.123456789 d/${'n'.repeat(200)}`,
        `hrw-r--r-- 0/0 0 2023-11-14 22:13:20.123456789 d/link link to d/${'n'.repeat(200)}`,
        '-rw-r--r-- 3000000/0 0 1969-12-31 23:59:58 d/old',
        `lrwxrwxrwx 0/0 0 2023-11-14 22:13:20.123456789 d/symlink -> ${'t'.repeat(150)}`,
        'crw-r--r-- 0/0 5,1 1970-01-01 00:00:00 d/tty',
      ],
    )
  })

  it('tar-stream reads it', async () => {
    const headers: Header[] = []
    const reader = extract()
    reader.end(archive(...entries))
    for await (const entry of reader) {
      headers.push(entry.header)
      entry.resume()
    }
    assert.deepEqual(
      headers.map(({ name, type, size, linkname }) => [name, type, size, linkname]),
      [
        ['d/', 'directory', 0, null],
        [`d/${'n'.repeat(200)}`, 'file', 1000, null],
        ['d/link', 'link', 0, `d/${'n'.repeat(200)}`],
        ['d/old', 'file', 0, null],
        ['d/symlink', 'symlink', 0, 't'.repeat(150)],
        ['d/tty', 'character-device', 0, null],
      ],
    )
  })
})
