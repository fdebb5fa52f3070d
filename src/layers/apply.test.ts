import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { layerEntries } from '../../tests/support/layer-entries.ts'
import { listTree } from '../../tests/support/list-tree.ts'
import { enterPrivateMounts, mount, sys, unmount } from '../host/mod.ts'
import { encodeHeader, paddingOf, type TarEntry } from '../tar/mod.ts'
import { applyLayer, dismissWorkers, hashLayer, packLayer, writeLayer } from './mod.ts'
import { scanLayer } from './scan.ts'

const root = process.getuid?.() === 0

type Member = Partial<TarEntry> & { path: string; text?: string }

/** A tar of these members; without a type, they are files with `text` or directories. */
function tarOf(...members: Member[]): Buffer {
  const parts: Uint8Array[] = []
  for (const { text = '', ...member } of members) {
    const content = Buffer.from(text)
    const type = member.type ?? (member.path.endsWith('/') ? 'directory' : 'file')
    const mode = type === 'directory' ? 0o755 : 0o644
    const path = type === 'directory' ? member.path.replace(/\/$/, '') : member.path
    const entry = { mode, uid: 0, gid: 0, size: content.length, mtime: 1n, ...member, path, type }
    parts.push(Uint8Array.from(encodeHeader(entry)), content, Buffer.alloc(paddingOf(content.length)))
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

function stream(bytes: Uint8Array, chunk = 1000): AsyncIterable<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk))
  return Readable.from(chunks)
}

describe('applyLayer', { skip: !root }, () => {
  let dir: string
  let upper: string
  /** What no tar may touch. */
  let outside: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'strake-apply-'))
    upper = made('upper')
    outside = made('outside')
    writeFileSync(join(outside, 'victim'), 'untouched')
  })
  afterEach(() => {
    assert.deepEqual(readdirSync(outside), ['victim'])
    assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'untouched')
    assert.equal(statSync(join(outside, 'victim')).mode & 0o777, 0o644)
    rmSync(dir, { recursive: true, force: true })
  })
  after(dismissWorkers)

  function made(name: string): string {
    const path = join(dir, name)
    mkdirSync(path)
    return path
  }

  const apply = (tar: Uint8Array, lower: string[] = []) => applyLayer(upper, stream(tar), { lower })
  const text = (path: string) => readFileSync(join(upper, path), 'utf8')
  const kinds = () => [...scanLayer(upper)].map(({ path, kind }) => `${path} ${kind}`)
  const isWhiteout = (path: string) => {
    const stat = lstatSync(join(upper, path))
    return stat.isCharacterDevice() && stat.rdev === 0
  }
  const opaque = (path: string) => sys.lgetxattr(join(upper, path), 'trusted.overlay.opaque')?.toString()

  it('gives back what was packed, whatever it is', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(layerEntries, fc.integer({ min: 1, max: 5000 }), async (entries, chunk) => {
        const first = made(`first-${run}`)
        const second = made(`second-${run++}`)
        const written = await writeLayer(first, entries)
        const tar = Buffer.concat(await Array.fromAsync(packLayer(first), (bytes) => Buffer.from(bytes)))
        const tee: Uint8Array[] = []
        const applied = await applyLayer(second, stream(tar, chunk), { tee: (bytes) => tee.push(bytes) })
        assert.deepEqual(listTree(second), listTree(first))
        assert.deepEqual(Buffer.concat(tee), tar)
        const { diffId, tarSize, size } = written
        const packedSize = tar.length
        assert.deepEqual(applied, { diffId, tarSize, size, unnamed: [], compression: 'none', packedSize })
        assert.deepEqual(await hashLayer(second), { diffId, tarSize, size })
      }),
      { numRuns: 60 },
    )
  })

  it('unpacks sparse files sparsely', async () => {
    const source = made('source')
    execFileSync('truncate', ['-s', '100M', join(source, 'hole')])
    writeFileSync(join(source, 'hole'), 'end', { flag: 'a' })
    const tar = execFileSync('tar', ['-cf', '-', '--format=pax', '--sparse', '-C', source, '.'])
    await apply(tar)
    const { size, blocks } = statSync(join(upper, 'hole'))
    assert.equal(size, 100 * 1024 * 1024 + 3)
    assert.ok(blocks * 512 < 1024 * 1024)
    assert.ok(readFileSync(join(upper, 'hole')).equals(readFileSync(join(source, 'hole'))))
  })

  describe('compression', () => {
    const tar = tarOf({ path: 'f', text: 'content '.repeat(100_000) })
    const halves = [tar.subarray(0, 300_000), tar.subarray(300_000)]
    const forms: [string, string, () => Uint8Array][] = [
      ['none', 'none', () => tar],
      ['gzip', 'gzip', () => gzipSync(tar)],
      ['gzip of several members', 'gzip', () => Buffer.concat(halves.map((half) => gzipSync(half)))],
      ['zstd', 'zstd', () => zstdCompressSync(tar)],
      ['zstd of several frames', 'zstd', () => Buffer.concat(halves.map((half) => zstdCompressSync(half)))],
      [
        'zstd with a frame to be skipped',
        'zstd',
        () =>
          Buffer.concat([
            zstdCompressSync(halves[0]!),
            Buffer.from('502a4d18030000006d6574', 'hex'),
            zstdCompressSync(halves[1]!, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
          ]),
      ],
      ['xz', 'xz', () => execFileSync('xz', ['-c'], { input: tar })],
      ['bzip2', 'bzip2', () => execFileSync('bzip2', ['-c'], { input: tar })],
    ]
    for (const [name, compression, compressed] of forms) {
      it(name, async () => {
        const bytes = compressed()
        const { compression: found, packedSize, diffId, tarSize } = await apply(bytes)
        const sha256 = (data: Uint8Array) => `sha256:${createHash('sha256').update(data).digest('hex')}`
        assert.deepEqual([found, packedSize], [compression, bytes.length])
        assert.deepEqual([diffId, tarSize], [sha256(tar), tar.length])
        assert.equal(text('f').length, 800_000)
      })
      if (compression === 'none') continue
      it(`${name}, cut off or damaged`, async () => {
        const bytes = Buffer.from(compressed())
        await assert.rejects(apply(bytes.subarray(0, bytes.length - 20)), { code: 'corrupt' })
        bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 30)
        await assert.rejects(apply(bytes), { code: 'corrupt' })
      })
    }

    it('says which program is missing', async () => {
      const bytes = execFileSync('xz', ['-c'], { input: tar })
      const path = process.env.PATH
      process.env.PATH = dir
      try {
        await assert.rejects(apply(bytes), { code: 'unavailable', message: 'xz is not installed' })
      } finally {
        process.env.PATH = path
      }
    })

    it('padding after gzip counts to the blob', async () => {
      const padded = Buffer.concat([gzipSync(tar), Buffer.alloc(10_000)])
      assert.equal((await apply(padded)).packedSize, padded.length)
    })

    it('bytes that are not zstd after zstd', async () => {
      await assert.rejects(apply(Buffer.concat([zstdCompressSync(tar), Buffer.from('garbage')])), { code: 'corrupt' })
    })
  })

  it('passes on errors of the source, and of the one who gets the bytes', async () => {
    async function* failing() {
      yield gzipSync(tarOf({ path: 'f' })).subarray(0, 20)
      throw new Error('connection lost')
    }
    await assert.rejects(applyLayer(upper, failing()), /connection lost/)
    const tee = () => {
      throw new Error('no place for it')
    }
    await assert.rejects(applyLayer(upper, stream(gzipSync(tarOf({ path: 'f' }))), { tee }), /no place for it/)
    await assert.rejects(applyLayer(upper, stream(tarOf({ path: 'f' })), { signal: AbortSignal.abort() }), {
      code: 'cancelled',
    })
  })

  it('says when the disk is full', async () => {
    enterPrivateMounts()
    const small = made('small')
    mount('tmpfs', small, 'tmpfs', 0, 'size=1m')
    try {
      const tar = tarOf({ path: 'f', text: 'x'.repeat(3_000_000) })
      await assert.rejects(applyLayer(small, stream(tar)), { code: 'unavailable', message: /disk is full/ })
    } finally {
      unmount(small)
    }
  })

  describe('entries', () => {
    it('replace earlier ones of the same path', async () => {
      await apply(
        tarOf(
          { path: 'a/' },
          { path: 'a/b/' },
          { path: 'a/b/c', text: 'gone' },
          { path: 'a', text: 'file now' },
          { path: 'f', text: 'file' },
          { path: 'f/' },
          { path: 'f/x', text: 'in it' },
          { path: 's', type: 'symlink', target: 'f' },
          { path: 's/' },
          { path: 's/y' },
          { path: 't', text: 'long text' },
          { path: 't', text: 'short' },
          { path: 'd/' },
          { path: 'd/keep' },
          { path: 'd/', mode: 0o700 },
        ),
      )
      assert.deepEqual(kinds(), [
        'a file',
        'd directory',
        'd/keep file',
        'f directory',
        'f/x file',
        's directory',
        's/y file',
        't file',
      ])
      assert.equal(text('a'), 'file now')
      assert.equal(text('t'), 'short')
      assert.equal(lstatSync(join(upper, 'd')).mode & 0o777, 0o700)
    })

    it('may begin with a slash or ./, and name the root', async () => {
      await apply(tarOf({ path: './', mode: 0o700 }, { path: './a/./b//c' }, { path: '/abs' }))
      assert.deepEqual(kinds(), ['a directory', 'a/b directory', 'a/b/c file', 'abs file'])
      assert.notEqual(lstatSync(upper).mode & 0o777, 0)
    })

    it('have directories above them that nothing else names', async () => {
      const { unnamed } = await apply(tarOf({ path: 'a/b/f' }))
      assert.deepEqual([...unnamed].sort(), ['a', 'a/b'])
      assert.deepEqual(listTree(upper).slice(0, 2), ['a directory 755 0:0 0', 'a/b directory 755 0:0 0'])
    })

    it('set the times of directories when nothing comes into them any more', async () => {
      await apply(
        tarOf(
          { path: 'a/', mtime: 5_000_000_001n, mode: 0o555 },
          { path: 'a/b/', mtime: 6n },
          { path: 'a/b/f' },
          { path: 'a/g' },
        ),
      )
      assert.deepEqual(listTree(upper).slice(0, 2), ['a directory 555 0:0 5000000001', 'a/b directory 755 0:0 6'])
    })

    it('do not bring attributes that would steer overlayfs', async () => {
      const xattrs = new Map([
        ['trusted.overlay.redirect', Buffer.from('/')],
        ['trusted.overlay.opaque', Buffer.from('y')],
        ['user.overlay.opaque', Buffer.from('y')],
        ['com.apple.provenance', Buffer.from('x')],
        ['user.kept', Buffer.from('x')],
      ])
      await apply(
        tarOf({ path: 'd/', xattrs }, { path: 'f', xattrs }, { path: 's', type: 'symlink', target: 'x', xattrs }),
      )
      assert.deepEqual(sys.llistxattr(join(upper, 'd')).map(String), ['user.kept'])
      assert.deepEqual(sys.llistxattr(join(upper, 'f')).map(String), ['user.kept'])
    })

    it('keep setuid bits, set after the owner', async () => {
      await apply(tarOf({ path: 'f', mode: 0o6755, uid: 5, gid: 6 }, { path: 'd/', mode: 0o3777, uid: 5, gid: 6 }))
      assert.deepEqual(
        listTree(upper).map((line) => line.split(' ').slice(0, 4).join(' ')),
        ['d directory 3777 5:6', 'f file 6755 5:6'],
      )
    })
  })

  describe('on top of layers', () => {
    it('follows their symlinks, inside the root', async () => {
      const lower = made('lower')
      mkdirSync(join(lower, 'usr/lib'), { recursive: true, mode: 0o751 })
      symlinkSync('usr/lib', join(lower, 'lib'))
      symlinkSync('../../..//lib', join(lower, 'up'))
      symlinkSync('/up', join(lower, 'abs'))
      await apply(tarOf({ path: 'lib/x' }, { path: 'abs/y' }), [lower])
      assert.deepEqual(kinds(), ['usr directory', 'usr/lib directory', 'usr/lib/x file', 'usr/lib/y file'])
      assert.equal(lstatSync(join(upper, 'usr/lib')).mode & 0o777, 0o751)
      assert.equal(lstatSync(join(upper, 'usr/lib')).mtimeMs, lstatSync(join(lower, 'usr/lib')).mtimeMs)
    })

    it('lets the topmost layer speak', async () => {
      const [top, middle, bottom] = [made('top'), made('middle'), made('bottom')]
      mkdirSync(join(bottom, 'gone/sub'), { recursive: true, mode: 0o700 })
      mkdirSync(join(bottom, 'both'), { mode: 0o700 })
      mkdirSync(join(bottom, 'opaque/sub'), { recursive: true, mode: 0o700 })
      sys.mknod(join(middle, 'gone'), 0o020000, { major: 0, minor: 0 })
      mkdirSync(join(middle, 'opaque'), { mode: 0o711 })
      sys.lsetxattr(join(middle, 'opaque'), 'trusted.overlay.opaque', Buffer.from('y'))
      mkdirSync(join(top, 'both'), { mode: 0o711 })
      await apply(tarOf({ path: 'gone/sub/f' }, { path: 'both/f' }, { path: 'opaque/sub/f' }), [top, middle, bottom])
      const modes = Object.fromEntries(listTree(upper).map((line) => [line.split(' ')[0], line.split(' ')[2]]))
      assert.deepEqual(modes, {
        both: '711',
        'both/f': '644',
        gone: '755',
        'gone/sub': '755',
        'gone/sub/f': '644',
        opaque: '711',
        'opaque/sub': '755',
        'opaque/sub/f': '644',
      })
    })

    it('refuses to go through what is no directory', async () => {
      const lower = made('lower')
      writeFileSync(join(lower, 'file'), '')
      symlinkSync('loop', join(lower, 'loop'))
      for (const path of ['file/x', 'loop/x'])
        await assert.rejects(apply(tarOf({ path }), [lower]), { code: 'invalid' })
      await assert.rejects(apply(tarOf({ path: 'own' }, { path: 'own/x' })), { code: 'invalid' })
    })

    it('copies the target of a hard link up', async () => {
      const lower = made('lower')
      const xattrs = new Map([['user.a', Buffer.from('b')]])
      await applyLayer(
        lower,
        stream(
          tarOf(
            { path: 'd/', mode: 0o711 },
            { path: 'd/f', text: 'below', mode: 0o4711, uid: 3, mtime: 7n, xattrs },
            { path: 'd/s', type: 'symlink', target: 'f' },
          ),
        ),
      )
      await apply(tarOf({ path: 'l', type: 'link', target: 'd/f' }, { path: 'm', type: 'link', target: './d/s' }), [
        lower,
      ])
      assert.deepEqual(
        listTree(upper)
          .filter((line) => line.startsWith('d'))
          .map((line) => line.replace(/ same as.*/, '')),
        listTree(lower),
      )
      assert.equal(lstatSync(join(upper, 'l')).ino, lstatSync(join(upper, 'd/f')).ino)
      assert.equal(lstatSync(join(upper, 'm')).ino, lstatSync(join(upper, 'd/s')).ino)
    })

    it('merges a directory with the one below', async () => {
      const lower = made('lower')
      mkdirSync(join(lower, 'd'))
      await apply(tarOf({ path: 'd/' }), [lower])
      assert.equal(opaque('d'), undefined)
    })
  })

  describe('whiteouts', () => {
    it('become devices, and opaque marks an attribute', async () => {
      await apply(
        tarOf(
          { path: 'd/' },
          { path: 'd/.wh.gone', text: 'content is ignored' },
          { path: 'o/' },
          { path: 'o/before' },
          { path: 'o/.wh..wh..opq' },
          { path: 'o/after' },
        ),
      )
      assert.ok(isWhiteout('d/gone'))
      assert.equal(opaque('o'), 'y')
      assert.deepEqual(kinds(), [
        'd directory',
        'd/.wh.gone file',
        'o directory',
        'o/.wh..wh..opq file',
        'o/after file',
        'o/before file',
      ])
    })

    it('remove what the same layer made before, and make way for what comes after', async () => {
      const lower = made('lower')
      mkdirSync(join(lower, 'd/sub'), { recursive: true })
      await apply(
        tarOf(
          { path: 'a/' },
          { path: 'a/b' },
          { path: '.wh.a' },
          { path: '.wh.d' },
          { path: 'd/' },
          { path: 'd/new' },
          { path: '.wh.f' },
          { path: 'f', text: 'new' },
        ),
        [lower],
      )
      assert.ok(isWhiteout('a'))
      assert.equal(opaque('d'), 'y')
      assert.deepEqual(kinds(), ['.wh.a file', 'd directory', 'd/.wh..wh..opq file', 'd/new file', 'f file'])
    })

    it('hide what was below from parents that come later', async () => {
      const lower = made('lower')
      mkdirSync(join(lower, 'd/sub'), { recursive: true, mode: 0o700 })
      await apply(tarOf({ path: 'd/.wh..wh..opq' }, { path: 'd/sub/f' }), [lower])
      assert.equal(lstatSync(join(upper, 'd/sub')).mode & 0o777, 0o755)
    })

    it('are kept as files where the archive is no layer', async () => {
      const tar = tarOf({ path: '.wh.a', text: 'x' }, { path: '.wh..wh..opq' })
      await applyLayer(upper, stream(tar), { whiteouts: 'keep' })
      assert.deepEqual(readdirSync(upper).sort(), ['.wh..wh..opq', '.wh.a'])
    })

    it('of nothing, of . and of .. are refused; bookkeeping of AUFS is left out', async () => {
      for (const path of ['.wh.', '.wh..', '.wh...', 'a/.wh...', '.wh.a/b'])
        await assert.rejects(apply(tarOf({ path })), { code: 'invalid' })
      await apply(tarOf({ path: '.wh..wh.plnk/' }, { path: '.wh..wh.plnk/1.2' }, { path: '.wh..wh.aufs' }))
      assert.ok(!existsSync(join(upper, '.wh..wh.plnk')))
    })
  })

  describe('hostile tars', () => {
    const refused: [string, Member[]][] = [
      ['a path upwards', [{ path: '../outside/victim' }]],
      ['a path upwards in the middle', [{ path: 'a/../../outside/victim' }]],
      ['a whiteout upwards', [{ path: '../outside/.wh.victim' }]],
      ['an opaque mark upwards', [{ path: '../outside/.wh..wh..opq' }]],
      ['a hard link upwards', [{ path: 'l', type: 'link', target: '../outside/victim' }]],
      ['a hard link to nothing', [{ path: 'l', type: 'link', target: 'nothing' }]],
      ['a hard link to a directory', [{ path: 'd/' }, { path: 'l', type: 'link', target: 'd' }]],
      ['a hard link to the root', [{ path: 'l', type: 'link', target: '/' }]],
      ['a hard link to itself', [{ path: 'l' }, { path: 'l', type: 'link', target: './l' }]],
      ['a hard link to a whiteout', [{ path: '.wh.x' }, { path: 'l', type: 'link', target: 'x' }]],
      ['a name that is too long', [{ path: 'n'.repeat(256) }]],
      ['a path that is too long', [{ path: 'n/'.repeat(2049) }]],
      ['an empty symlink', [{ path: 's', type: 'symlink', target: '' }]],
    ]
    for (const [name, members] of refused) {
      it(name, async () => {
        await assert.rejects(apply(tarOf(...members)), { name: 'StrakeError', code: /invalid|failed/ })
      })
    }

    const harmless: [string, (outside: string) => Member[]][] = [
      [
        'a symlink as parent',
        (out) => [
          { path: 's', type: 'symlink', target: out },
          { path: 's/victim', text: 'x' },
        ],
      ],
      [
        'a relative symlink as parent',
        () => [
          { path: 's', type: 'symlink', target: '../outside' },
          { path: 's/victim', text: 'x' },
        ],
      ],
      [
        'symlinks behind symlinks',
        () => [
          { path: 'd/' },
          { path: 'd/s', type: 'symlink', target: '..' },
          { path: 'd/t', type: 'symlink', target: 's/..' },
          { path: 'd/t/outside/victim', text: 'x' },
        ],
      ],
      [
        'a parent that becomes a symlink on the way',
        (out) => [
          { path: 'd/' },
          { path: 'd/a' },
          { path: 'd', type: 'symlink', target: out },
          { path: 'd/victim', text: 'x' },
        ],
      ],
      [
        'a file over a symlink',
        (out) => [
          { path: 's', type: 'symlink', target: `${out}/victim` },
          { path: 's', text: 'x' },
        ],
      ],
      [
        'a directory over a symlink',
        (out) => [{ path: 's', type: 'symlink', target: out }, { path: 's/', mode: 0o777 }, { path: 's/new' }],
      ],
      [
        'a whiteout through a symlink',
        (out) => [{ path: 's', type: 'symlink', target: out }, { path: 's/.wh.victim' }],
      ],
      [
        'an opaque mark through a symlink',
        (out) => [{ path: 's', type: 'symlink', target: out }, { path: 's/.wh..wh..opq' }],
      ],
      [
        'a hard link to a symlink',
        (out) => [
          { path: 's', type: 'symlink', target: `${out}/victim` },
          { path: 'l', type: 'link', target: 's', mode: 0o777 },
          { path: 'l', text: 'x' },
        ],
      ],
      [
        'removal of a tree with a symlink in it',
        (out) => [{ path: 'd/' }, { path: 'd/s', type: 'symlink', target: out }, { path: '.wh.d' }],
      ],
    ]
    for (const [name, members] of harmless) {
      it(name, async () => {
        await apply(tarOf(...members(outside)))
      })
    }

    it('a hard link through a symlink', async () => {
      const members: Member[] = [
        { path: 's', type: 'symlink', target: outside },
        { path: 'l', type: 'link', target: 's/victim' },
      ]
      await assert.rejects(apply(tarOf(...members)), { code: 'invalid' })
    })

    it('bytes that are no tar, and sizes that lie', async () => {
      await assert.rejects(apply(Buffer.from('x'.repeat(5000))), { code: 'corrupt' })
      const tar = tarOf({ path: 'f', text: 'content' })
      await assert.rejects(apply(tar.subarray(0, 600)), { code: 'corrupt' })
      const lying = Uint8Array.from(
        encodeHeader({ path: 'g', type: 'file', mode: 0, uid: 0, gid: 0, size: 10 ** 12, mtime: 0n }),
      )
      await assert.rejects(apply(Buffer.concat([lying, Buffer.alloc(5000)])), { code: 'corrupt' })
      assert.ok(lstatSync(join(upper, 'g')).size < 10_000)
    })

    it('very deep trees, also when they are replaced', async () => {
      const deep = 'd/'.repeat(1900)
      await apply(tarOf({ path: `${deep}f` }, { path: 'd', text: 'flat now' }))
      assert.deepEqual(kinds(), ['d file'])
    })

    it('any paths and links at all: nothing happens outside', async () => {
      const part = fc.constantFrom('a', 'b', '..', '.', '', 'outside', 'victim', '.wh.a', '.wh..wh..opq')
      const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
      const member = fc.record({
        path,
        type: fc.constantFrom('file', 'directory', 'symlink', 'link', 'fifo'),
        target: fc.oneof(
          path,
          path.map((p) => `../${p}`),
          fc.constant('/outside'),
          fc.constantFrom('..', '../..', '../outside', '../../outside/victim'),
        ),
      })
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 12 }), async (members) => {
          const target = made(`run-${run++}`)
          try {
            await applyLayer(target, stream(tarOf(...(members as Member[]))))
          } catch (error) {
            assert.equal((error as Error).name, 'StrakeError', String(error))
            assert.notEqual((error as { code?: string }).code, 'internal')
          }
          assert.deepEqual(readdirSync(outside), ['victim'])
        }),
        { numRuns: 500 },
      )
    })
  })
})
