import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { layerEntries } from '../../tests/support/layer-entries.ts'
import { listTree } from '../../tests/support/list-tree.ts'
import { pathOf } from '../lib/mod.ts'
import { dismissWorkers, earlierFiles, hashLayer, type LayerEntry, noteFiles, shareLayer, writeLayer } from './mod.ts'
import { scanLayer } from './scan.ts'

const root = process.getuid?.() === 0
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strake-reuse-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))
after(dismissWorkers)

const asEarlier = (dir: string) => ({ dir, mayLieBelow: true })
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')

function made(name: string): string {
  const path = join(dir, name, 'fs')
  mkdirSync(path, { recursive: true })
  return path
}

/** The entries of a layer's directory, read from there, with the digests of their files. */
function entriesOf(layer: string): LayerEntry[] {
  const entries = [...scanLayer(layer)]
  for (const entry of entries) {
    if (entry.kind === 'file') entry.source.sha256 = sha256(readFileSync(pathOf(`${layer}/${entry.path}`)))
  }
  return entries
}

/** A note of more than there is: a layer whose entries these are can't lie over that one. */
function noteMore(layer: string, entries: readonly LayerEntry[]): void {
  const fifo = { path: '~', kind: 'fifo', mode: 0, uid: 0, gid: 0, mtime: 0n } as const
  noteFiles(layer, [...entries, fifo])
}

function shareable(entries: readonly LayerEntry[], dirs: readonly string[]): string[] {
  const earlier = earlierFiles(entries, dirs.map(asEarlier))
  return entries.flatMap((entry) => (earlier?.has(entry) ? [entry.path] : []))
}

/** A finished layer with files of every relation to a segment's size, and entries that give the same again. */
async function earlierLayer(): Promise<{ layer: string; entries: LayerEntry[] }> {
  const layer = made('earlier')
  const sizes = [0, 1, 5000, 2 ** 21, 2 ** 21 + 1, 5_000_000]
  for (const [i, size] of sizes.entries()) writeFileSync(join(layer, `file-${i}`), Buffer.alloc(size, `${i} `))
  for (let i = 0; i < 300; i++) writeFileSync(join(layer, `many-${i}`), `text ${i}`)
  const source = made('source')
  await writeLayer(source, [...scanLayer(layer)])
  const entries = entriesOf(source)
  noteMore(layer, entries)
  return { layer, entries }
}

describe('reuse', () => {
  it('gives the same layer as copying', { skip: !root }, async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(layerEntries, fc.nat(), async (random, change) => {
        run++
        const earlier = made(`earlier-${run}`)
        await writeLayer(earlier, random)
        const entries = entriesOf(earlier)
        noteMore(earlier, entries)
        const at = change % Math.max(1, entries.length)
        const changed = entries.map((entry, i) => (i === at ? { ...entry, mode: entry.mode ^ 0o100 } : entry))
        const [copy, shared] = [made(`copy-${run}`), made(`shared-${run}`)]
        const written = await writeLayer(copy, changed)
        assert.deepEqual(
          await writeLayer(shared, changed, { earlier: earlierFiles(changed, [asEarlier(earlier)]) }),
          written,
        )
        assert.deepEqual(listTree(shared), listTree(copy))
        const { diffId, tarSize, size } = written
        assert.deepEqual(await hashLayer(shared), { diffId, tarSize, size })
        const expected = changed.flatMap(({ kind, path, xattrs }, i) =>
          kind === 'file' && !xattrs && i !== at ? [path] : [],
        )
        assert.deepEqual(shareable(changed, [earlier]), expected)
        for (const path of expected) assert.equal(inode(shared, path), inode(earlier, path))
      }),
      { numRuns: 40 },
    )
  })

  it('gives the same layer as copying when only what is different is written', { skip: !root }, async () => {
    let run = 0
    const edit = fc.record({
      at: fc.nat(),
      what: fc.constantFrom('content', 'mode', 'time', 'symlink', 'more', 'nothing'),
    })
    await fc.assert(
      fc.asyncProperty(layerEntries, fc.array(edit, { maxLength: 3 }), async (random, edits) => {
        run++
        const earlier = made(`earlier-${run}`)
        const padding = Array.from({ length: 12 }, (_, i) =>
          text(`\xff${String(i).padStart(2, '0')}`, 'x'.repeat(5000)),
        )
        await writeLayer(earlier, [...random.filter(({ kind, path }) => kind !== 'link' && path < '\xff'), ...padding])
        const entries = entriesOf(earlier)
        noteFiles(earlier, entries)
        const changed = edits.reduce(edited, entries)
        const [copy, own] = [made(`copy-${run}`), made(`own-${run}`)]
        const written = await writeLayer(copy, changed)
        const found = earlierFiles(changed, [asEarlier(earlier)])
        assert.ok(found?.over)
        assert.deepEqual(await writeLayer(own, changed, { earlier: found }), written)
        const { diffId, tarSize, size } = written
        assert.deepEqual(await hashLayer([own, earlier]), { diffId, tarSize, size })
        const again = made(`again-${run}`)
        shareLayer([own, earlier], again)
        assert.deepEqual(listTree(again), listTree(copy))
        const different = changed.filter((entry) => !entries.includes(entry)).map(({ path }) => path)
        const above = [...scanLayer(own)].map(({ path }) => path)
        assert.deepEqual(
          above,
          changed.map(({ path }) => path).filter((path) => different.some((each) => `${each}/`.startsWith(`${path}/`))),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('writes all where something is gone, or much is different', { skip: !root }, async () => {
    const earlier = made('earlier')
    const names = Array.from({ length: 20 }, (_, i) => `d${String(i).padStart(2, '0')}`)
    await writeLayer(
      earlier,
      names.flatMap((name) => [directory(name), text(`${name}/f`, name)]),
    )
    const entries = entriesOf(earlier)
    noteFiles(earlier, entries)
    const isOver = (changed: readonly LayerEntry[]) => earlierFiles(changed, [asEarlier(earlier)])?.over
    assert.equal(isOver(entries), true)
    assert.equal(earlierFiles(entries, [{ dir: earlier, mayLieBelow: false }])?.over, false)
    assert.equal(isOver(entries.slice(0, -1)), false)
    assert.equal(isOver(entries.map((entry, i) => (i < 10 ? { ...entry, mtime: 1n } : entry))), true)
    assert.equal(isOver(entries.map((entry, i) => (i < 11 ? { ...entry, mtime: 1n } : entry))), false)
    assert.equal(isOver([...entries, text('large', 'x'.repeat(100))]), false)
    assert.equal(isOver([...entries, { ...directory('link'), kind: 'link', target: 'd00/f' }]), false)
  })

  it('shares large files too, by worker threads', async () => {
    const { layer, entries } = await earlierLayer()
    const shared = made('shared')
    assert.equal(shareable(entries, [layer]).length, entries.length)
    const earlier = earlierFiles(entries, [asEarlier(layer)])
    const { diffId } = await writeLayer(shared, entries, { digests: true, earlier })
    assert.equal((await hashLayer(layer)).diffId, diffId)
    assert.deepEqual(listTree(shared), listTree(layer))
    for (const { path } of entries) assert.equal(inode(shared, path), inode(layer, path), path)
  })

  it('copies what is damaged or gone in the earlier layer', async () => {
    const { layer, entries } = await earlierLayer()
    const copy = made('copy')
    const { diffId } = await writeLayer(copy, entries)
    truncateSync(join(layer, 'file-2'), 10)
    truncateSync(join(layer, 'file-5'), 10)
    rmSync(join(layer, 'many-7'))
    rmSync(join(layer, 'file-4'))
    const shared = made('shared')
    const written = await writeLayer(shared, entries, { earlier: earlierFiles(entries, [asEarlier(layer)]) })
    assert.equal(written.diffId, diffId)
    assert.deepEqual(listTree(shared), listTree(copy))
  })

  it('takes the first layer that has any of the files, and does without notes', async () => {
    const { layer, entries } = await earlierLayer()
    const [none, other] = [made('none'), made('other')]
    noteFiles(other, [])
    assert.equal(shareable(entries, [none, other, layer]).length, entries.length)
    writeFileSync(join(layer, '..', 'entries'), Buffer.alloc(1000, 0xff))
    assert.equal(earlierFiles(entries, [none, layer].map(asEarlier)), undefined)
  })

  it('leaves configuration of the system with one name', async () => {
    const { layer, entries } = await earlierLayer()
    const system = entries.map((entry) => ({ ...entry, path: `etc/cron.d/${entry.path}` }))
    noteMore(layer, system)
    assert.equal(earlierFiles(system, [asEarlier(layer)]), undefined)
  })
})

function directory(path: string): LayerEntry {
  return { path, kind: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 5n }
}

function text(path: string, content: string): LayerEntry {
  const bytes = Buffer.from(content)
  return {
    ...directory(path),
    kind: 'file',
    size: bytes.length,
    source: { kind: 'bytes', bytes, sha256: sha256(bytes) },
  }
}

interface Edit {
  readonly at: number
  readonly what: string
}

function edited(entries: LayerEntry[], { at, what }: Edit): LayerEntry[] {
  const index = at % entries.length
  const entry = entries[index]!
  const { path, mode, uid, gid, mtime } = entry
  const as = (other: LayerEntry) => entries.with(index, other)
  if (what === 'mode') return as({ ...entry, mode: mode ^ 0o10 })
  if (what === 'time') return as({ ...entry, mtime: 1_000_000_000n })
  if (what === 'content' && entry.kind === 'file') return as({ ...text(path, 'new'), mode, uid, gid, mtime })
  if (what === 'symlink' && entry.kind !== 'directory') return as({ ...directory(path), kind: 'symlink', target: 'to' })
  if (what === 'more' && entry.kind === 'directory' && !entries.some((each) => each.path === `${path}/+`)) {
    return [...entries, text(`${path}/+`, '')].sort((a, b) => (a.path < b.path ? -1 : 1))
  }
  return entries
}

function inode(layer: string, path: string): number {
  return lstatSync(pathOf(`${layer}/${path}`)).ino
}
