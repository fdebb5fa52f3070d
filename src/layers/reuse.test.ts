import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { layerEntries } from '../../tests/support/layer-entries.ts'
import { listTree } from '../../tests/support/list-tree.ts'
import { pathOf } from '../lib/mod.ts'
import { digestOf } from '../oci/mod.ts'
import { dismissWorkers, earlierFiles, hashLayer, type LayerEntry, noteFiles, writeLayer } from './mod.ts'
import { scanLayer } from './scan.ts'

const root = process.getuid?.() === 0
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strake-reuse-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))
after(dismissWorkers)

function made(name: string): string {
  const path = join(dir, name, 'fs')
  mkdirSync(path, { recursive: true })
  return path
}

/** The entries of a layer's directory, read from there, with the digests of their files. */
function entriesOf(layer: string): LayerEntry[] {
  const entries = [...scanLayer(layer)]
  for (const entry of entries) {
    if (entry.kind === 'file') entry.source.digest = digestOf(readFileSync(pathOf(`${layer}/${entry.path}`)))
  }
  return entries
}

function shareable(entries: readonly LayerEntry[], dirs: readonly string[]): string[] {
  const earlier = earlierFiles(entries, dirs)
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
  noteFiles(layer, entries)
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
        noteFiles(earlier, entries)
        const at = change % Math.max(1, entries.length)
        const changed = entries.map((entry, i) => (i === at ? { ...entry, mode: entry.mode ^ 0o100 } : entry))
        const [copy, shared] = [made(`copy-${run}`), made(`shared-${run}`)]
        const written = await writeLayer(copy, changed)
        assert.deepEqual(await writeLayer(shared, changed, { earlier: earlierFiles(changed, [earlier]) }), written)
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

  it('shares large files too, by worker threads', async () => {
    const { layer, entries } = await earlierLayer()
    const shared = made('shared')
    assert.equal(shareable(entries, [layer]).length, entries.length)
    const earlier = earlierFiles(entries, [layer])
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
    const written = await writeLayer(shared, entries, { earlier: earlierFiles(entries, [layer]) })
    assert.equal(written.diffId, diffId)
    assert.deepEqual(listTree(shared), listTree(copy))
  })

  it('takes the first layer that has any of the files, and does without notes', async () => {
    const { layer, entries } = await earlierLayer()
    const [none, other] = [made('none'), made('other')]
    noteFiles(other, [])
    assert.equal(shareable(entries, [none, other, layer]).length, entries.length)
    writeFileSync(join(layer, '..', 'files'), Buffer.alloc(1000, 0xff))
    assert.equal(earlierFiles(entries, [none, layer]), undefined)
  })

  it('leaves configuration of the system with one name', async () => {
    const { layer, entries } = await earlierLayer()
    const system = entries.map((entry) => ({ ...entry, path: `etc/cron.d/${entry.path}` }))
    noteFiles(layer, system)
    assert.equal(earlierFiles(system, [layer]), undefined)
  })
})

function inode(layer: string, path: string): number {
  return lstatSync(pathOf(`${layer}/${path}`)).ino
}
