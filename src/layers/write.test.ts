import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, hash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { layerEntries } from '../../tests/support/layer-entries.ts'
import { listTree } from '../../tests/support/list-tree.ts'
import { enterPrivateMounts, mount, sys, unmount } from '../host/mod.ts'
import { dismissWorkers, hashLayer, type LayerEntry, packLayer, writeLayer } from './mod.ts'
import { scanLayer } from './scan.ts'

const root = process.getuid?.() === 0
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strake-layers-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))
after(dismissWorkers)

const sha256 = (content: string | Uint8Array) => hash('sha256', content, 'buffer')

function made(name: string): string {
  const path = join(dir, name)
  mkdirSync(path)
  return path
}

async function packed(layer: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of packLayer(layer)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const meta = { mode: 0o644, uid: process.getuid!(), gid: process.getgid!(), mtime: 1_234_567_890_123_456_789n }
const bytes = (path: string, text: string): LayerEntry => {
  return { ...meta, path, kind: 'file', size: text.length, source: { kind: 'bytes', bytes: Buffer.from(text) } }
}
const read = (path: string, source: string, size: number): LayerEntry => {
  return { ...meta, path, kind: 'file', size, source: { kind: 'path', path: source } }
}

/** More than the caller's own thread does, with files of every relation to a segment's size. */
function manyFiles(): { source: string; contents: Map<string, Buffer> } {
  const source = made('source')
  const contents = new Map<string, Buffer>()
  const sizes = [0, 1, 511, 512, 513, 2 ** 20, 2 ** 21 - 1, 2 ** 21, 2 ** 21 + 1, 5_000_000, 2 ** 22]
  for (const [i, size] of sizes.entries()) contents.set(`large-${i}`, Buffer.alloc(size, `${i} content `))
  for (let i = 0; i < 700; i++) contents.set(`many/${i % 7}/file-${i}`, Buffer.from(`text ${i}`))
  for (const [path, content] of contents) {
    mkdirSync(join(source, path, '..'), { recursive: true })
    writeFileSync(join(source, path), content)
  }
  return { source, contents }
}

describe('writeLayer', () => {
  it('writes what was asked for, with the hash that the directory has afterwards', { skip: !root }, async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(layerEntries, async (entries) => {
        const target = made(`upper-${run++}`)
        const { diffId, tarSize, size } = await writeLayer(target, entries)
        assert.deepEqual(await hashLayer(target), { diffId, tarSize, size })
        const found = [...scanLayer(target)]
        assert.deepEqual(
          found.map(({ path }) => path),
          entries.map(({ path }) => path),
        )
        for (const [i, entry] of entries.entries()) {
          if (entry.kind === 'link') continue
          const { mode, uid, gid, mtime, kind, xattrs } = found[i]!
          const expectedMode = kind === 'symlink' ? 0o777 : entry.mode
          assert.deepEqual([kind, mode, uid, gid, mtime], [entry.kind, expectedMode, entry.uid, entry.gid, entry.mtime])
          if (entry.kind !== 'symlink')
            assert.deepEqual(new Map(xattrs), new Map([...(entry.xattrs ?? [])].map(([k, v]) => [k, Buffer.from(v)])))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('copies many and large files exactly, by worker threads', async () => {
    const { source, contents } = manyFiles()
    const target = made('upper')
    const progress: number[] = []
    const entries = [...scanLayer(source)]
    const layer = await writeLayer(target, entries, {
      digests: true,
      onProgress: (n) => progress.push(n),
    })
    assert.deepEqual(listTree(target), listTree(source))
    const tar = await packed(source)
    assert.equal(layer.diffId, `sha256:${createHash('sha256').update(tar).digest('hex')}`)
    assert.equal(layer.tarSize, tar.length)
    assert.equal(
      layer.size,
      [...contents.values()].reduce((sum, { length }) => sum + length, 0),
    )
    assert.deepEqual(await hashLayer(target), layer)
    const hashes = new Map(
      entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.path, entry.source.sha256]] : [])),
    )
    assert.equal(hashes.size, contents.size)
    for (const [path, content] of contents) assert.deepEqual(hashes.get(path), sha256(content), path)
    assert.ok(progress.length > 0 && progress.every((n) => n <= layer.size))
  })

  it('hashes no content whose hash is known', async () => {
    const known = Buffer.alloc(32)
    writeFileSync(join(dir, 'f'), 'x')
    const sources = [
      { kind: 'path' as const, path: join(dir, 'f'), sha256: known },
      { kind: 'bytes' as const, bytes: Buffer.from('g') },
    ]
    const entries = sources.map((source, i) => ({ ...bytes('fg'[i]!, 'x'), source }))
    await writeLayer(made('upper'), entries, { digests: true })
    assert.deepEqual(
      entries.map(({ source }) => source.sha256),
      [known, sha256('g')],
    )
  })

  it('packs layers side by side, where headers are cut by the end of a segment', async () => {
    const layers = ['a', 'b', 'c'].map((name) => {
      const layer = made(name)
      // Headers with a time of nanoseconds take three blocks; there is room for one more.
      writeFileSync(join(layer, `${name}-1`), Buffer.alloc(2 ** 21 - 4 * 512, name))
      writeFileSync(join(layer, `${name}-2`), name)
      for (const file of [1, 2]) sys.lutimes(join(layer, `${name}-${file}`), 0n, 1_000_000_001n)
      return layer
    })
    const expected: Buffer[] = []
    for (const layer of layers) expected.push(await packed(layer))
    assert.deepEqual(await Promise.all(layers.map(packed)), expected)
  })

  it('makes links to what the directory will hold', async () => {
    const upper = made('upper')
    const link = { ...meta, mode: 0, mtime: 0n, path: 'l', kind: 'link', target: 'f' } as const
    const { diffId, size } = await writeLayer(
      upper,
      [bytes('f', 'text'), link, { ...link, path: 'm', target: 'l' }].slice(0, 2),
    )
    assert.equal((await hashLayer(upper)).diffId, diffId)
    assert.equal(size, 4)
    assert.match(listTree(upper)[1]!, /same as f$/)
  })

  it('clears a setgid bit that would go on to what it makes', { skip: !root }, async () => {
    const upper = made('upper')
    chmodSync(upper, 0o2755)
    const { diffId } = await writeLayer(upper, [{ ...meta, mode: 0o755, path: 'd', kind: 'directory' }])
    assert.equal((await hashLayer(upper)).diffId, diffId)
    assert.match(listTree(upper)[0]!, /^d directory 755 /)
  })

  for (const [name, size, code] of [
    ['grew', 3, 'failed'],
    ['shrank', 9, 'failed'],
  ] as const) {
    it(`says when a file ${name}`, async () => {
      writeFileSync(join(dir, 'f'), 'five!')
      await assert.rejects(writeLayer(made('upper'), [read('f', join(dir, 'f'), size)]), {
        code,
        message: /changed its size/,
      })
    })
  }

  it('says when a file is gone, also from a worker thread', async () => {
    await assert.rejects(writeLayer(made('upper'), [read('f', join(dir, 'f'), 1)]), { code: 'not_found' })
    const { source } = manyFiles()
    const entries = [...scanLayer(source)]
    rmSync(join(source, 'many/3/file-3'))
    truncateSync(join(source, 'large-9'), 100)
    await assert.rejects(writeLayer(made('upper2'), entries, { digests: true }), {
      name: 'StrakeError',
      code: /not_found|failed/,
    })
    // The threads are still good for the next one.
    await writeLayer(made('upper3'), [...scanLayer(source)])
  })

  it('refuses entries without order, and names that would be whiteouts', async () => {
    await assert.rejects(writeLayer(made('1'), [bytes('b', ''), bytes('a', '')]), { code: 'internal' })
    await assert.rejects(writeLayer(made('2'), [bytes('a', ''), bytes('a', '')]), { code: 'internal' })
    await assert.rejects(writeLayer(made('3'), [bytes('.wh.a', '')]), { code: 'unsupported' })
    const upper = made('4')
    writeFileSync(join(upper, '.wh.x'), '')
    await assert.rejects(hashLayer(upper), { code: 'unsupported' })
  })

  it('can be cancelled', async () => {
    const { source } = manyFiles()
    const signal = AbortSignal.abort()
    await assert.rejects(writeLayer(made('upper'), [...scanLayer(source)], { signal }), { code: 'cancelled' })
    await assert.rejects(hashLayer(source, { signal }), { code: 'cancelled' })
  })

  it('says when the disk is full', { skip: !root }, async () => {
    enterPrivateMounts()
    const small = made('small')
    mount('tmpfs', small, 'tmpfs', 0, 'size=1m')
    try {
      mkdirSync(join(small, 'upper'))
      const entry = bytes('f', 'x'.repeat(3_000_000))
      await assert.rejects(writeLayer(join(small, 'upper'), [entry]), {
        code: 'unavailable',
        message: /disk is full/,
        hint: /space/,
      })
    } finally {
      unmount(small)
    }
  })
})

describe('packLayer', () => {
  it('gives a tar that GNU tar unpacks to the same tree', { skip: !root }, async () => {
    const upper = made('upper')
    await writeLayer(upper, fc.sample(layerEntries, { numRuns: 1, seed: 42 })[0]!)
    const copy = made('copy')
    execFileSync('tar', ['-xpf', '-', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-C', copy], {
      input: await packed(upper),
    })
    assert.deepEqual(listTree(copy), listTree(upper))
  })

  it('leaves sockets out', async () => {
    const upper = made('upper')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(upper, 'socket'), resolve))
    try {
      writeFileSync(join(upper, 'file'), '')
      assert.deepEqual(
        [...scanLayer(upper)].map(({ path }) => path),
        ['file'],
      )
    } finally {
      server.close()
    }
  })

  it('can be left before its end', async () => {
    const { source } = manyFiles()
    for await (const chunk of packLayer(source)) {
      assert.ok(chunk.length > 0)
      break
    }
  })

  it('leaves attributes of overlayfs and SELinux out', { skip: !root }, async () => {
    const upper = made('upper')
    writeFileSync(join(upper, 'f'), '')
    sys.lsetxattr(join(upper, 'f'), 'trusted.overlay.origin', Buffer.from('x'))
    sys.lsetxattr(join(upper, 'f'), 'user.kept', Buffer.from('x'))
    const [entry] = scanLayer(upper)
    assert.deepEqual([...entry!.xattrs!.keys()], ['user.kept'])
  })

  it('does not keep the process from ending', () => {
    const { source } = manyFiles()
    const module = join(import.meta.dirname, 'mod.ts')
    const script = `import { hashLayer } from ${JSON.stringify(module)}; console.log((await hashLayer(${JSON.stringify(source)})).diffId)`
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.match(out, /^sha256:/)
    assert.ok(existsSync(source) && readdirSync(source).length > 0)
  })
})
