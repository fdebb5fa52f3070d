import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { listTree } from '../../tests/support/list-tree.ts'
import { enterPrivateMounts, mount, mountOverlay, unmount } from '../host/mod.ts'
import { applyLayer, dismissWorkers, hashLayer, packLayer } from './mod.ts'

/** Changes made through a real overlay, as layers: packed, applied elsewhere, and seen through an overlay again. */
describe('layers of overlayfs', { skip: process.getuid?.() !== 0 }, () => {
  let base: string
  let dir: string
  let count = 0
  before(() => {
    enterPrivateMounts()
    base = mkdtempSync(join(tmpdir(), 'strake-overlay-'))
    // An upper directory can't lie on an overlay, which the temporary folder may be.
    mount('tmpfs', base, 'tmpfs')
  })
  after(async () => {
    await dismissWorkers()
    unmount(base)
    rmSync(base, { recursive: true })
  })
  beforeEach(() => {
    dir = join(base, `${count++}`)
    mkdirSync(dir)
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  function made(name: string): string {
    const path = join(dir, name)
    mkdirSync(path)
    return path
  }

  function through(lower: string[], upper: string | undefined, body: (root: string) => void): void {
    const target = made(`root-${count}`)
    const work = `${dir}/work-${count++}`
    mkdirSync(work)
    const lowerOnly = lower.length > 0 ? lower : [made(`empty-${count++}`)]
    mountOverlay(target, { lower: lowerOnly, ...(upper && { upper: { dir: upper, work } }) })
    try {
      body(target)
    } finally {
      unmount(target)
    }
  }

  /** Runs each script in a layer of its own, and the same layers packed and applied: both must show the same. */
  async function same(...scripts: string[]): Promise<string[]> {
    const layers: string[] = []
    const copies: string[] = []
    for (const [i, script] of scripts.entries()) {
      const upper = made(`upper-${i}`)
      through(layers, upper, (root) =>
        execFileSync('sh', ['-euc', script], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }),
      )
      const copy = made(`copy-${i}`)
      await applyLayer(copy, packLayer(upper), { lower: copies })
      assert.equal((await hashLayer(copy)).diffId, (await hashLayer(upper)).diffId, script)
      layers.unshift(upper)
      copies.unshift(copy)
      let expected: string[] = []
      let found: string[] = []
      through(layers, undefined, (root) => {
        expected = listTree(root)
      })
      through(copies, undefined, (root) => {
        found = listTree(root)
      })
      assert.deepEqual(found, expected, script)
      if (i === scripts.length - 1) return found.map((line) => line.split(' ')[0]!)
    }
    return []
  }

  const tree = `
    mkdir -p usr/bin usr/lib/x etc var/a/b/c; ln -s usr/lib lib
    echo 1 > usr/bin/one; echo 2 > usr/bin/two; ln usr/bin/two usr/bin/three; echo x > usr/lib/x/y; echo z > var/a/b/c/z
    chmod 4755 usr/bin/one; chown 5:6 usr/bin/two; touch -d @100.000000001 etc; mkfifo var/fifo; mknod var/null c 1 3
  `

  it('removed files and directories', async () => {
    const paths = await same(tree, 'rm usr/bin/one; rm -r var/a', 'rm -r usr; mkdir usr')
    assert.deepEqual(paths, ['etc', 'lib', 'usr', 'var', 'var/fifo', 'var/null'])
  })

  it('a directory that is removed and made again, and things in it', async () => {
    await same(tree, 'rm -r var/a; mkdir -p var/a/b; echo new > var/a/new', 'echo more > var/a/b/more; rm var/a/new')
  })

  it('a directory that becomes a file, and back', async () => {
    await same(
      tree,
      'rm -r usr/lib; echo file > usr/lib',
      'rm usr/lib; mkdir -p usr/lib/x',
      'rm lib; mkdir lib; echo l > lib/l',
    )
  })

  it('renamed directories and files', async () => {
    await same(
      tree,
      'mv usr/bin/one usr/bin/eins; cp -a var/a var/copy; rm -r var/a; mv var/copy var/a2',
      'mv var/a2/b/c/z var/a2/b/z',
    )
  })

  it('modes, owners, times, links', async () => {
    await same(
      tree,
      'chmod 700 usr/bin; chown 7 etc; touch -d @1.5 usr/lib/x/y; ln usr/bin/one usr/bin/uno; ln -sf nowhere lib',
      'echo changed >> usr/bin/three; ln usr/lib/x/y usr/lib/y2',
    )
  })

  it('everything in the root removed', async () => {
    assert.deepEqual(await same(tree, 'rm -r ./*; echo new > only'), ['only'])
  })

  it('an opaque mark in the root hides the layers below', async () => {
    const lower = made('lower')
    execFileSync('sh', ['-euc', tree], { cwd: lower })
    const upper = made('upper')
    const archive = execFileSync(
      'sh',
      ['-euc', 'mkdir -p etc; echo n > etc/new; touch .wh..wh..opq; tar -cf - etc .wh..wh..opq'],
      { cwd: made('source') },
    )
    async function* bytes() {
      yield archive
    }
    await applyLayer(upper, bytes(), { lower: [lower] })
    through([upper, lower], undefined, (root) => {
      assert.deepEqual(
        listTree(root).map((line) => line.split(' ')[0]),
        ['etc', 'etc/new'],
      )
    })
  })
})
