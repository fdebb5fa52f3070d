import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { bootstrap, openImages } from '../images/mod.ts'
import { openStore, removeTree } from '../store/mod.ts'
import { asRoot } from './test-builds.ts'

// In a process of its own: it matters what is mounted and started first.
it('many files are copied from a context and then from a stage', asRoot, async () => {
  const home = mkdtempSync('/var/tmp/strake-large-')
  try {
    {
      using store = openStore(join(home, 'store'))
      await bootstrap(store, openImages(store), { distribution: 'busybox', suite: 'latest' })
    }
    const context = join(home, 'context')
    mkdirSync(join(context, 'src'), { recursive: true })
    for (let i = 0; i < 1000; i++) writeFileSync(join(context, 'src', `${i}`), `${i}`.repeat(100))
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM busybox AS b\nCOPY src /src\nFROM busybox\nCOPY --from=b /src /copied\n',
    )
    const program = `
      import { openImages } from ${JSON.stringify(join(import.meta.dirname, '../images/mod.ts'))}
      import { openStore } from ${JSON.stringify(join(import.meta.dirname, '../store/mod.ts'))}
      import { build } from ${JSON.stringify(join(import.meta.dirname, 'build.ts'))}
      using store = openStore(${JSON.stringify(join(home, 'store'))})
      const images = openImages(store)
      const context = { kind: 'directory', path: ${JSON.stringify(context)} }
      const { id } = await build(store, images, { context })
      console.log(store.snapshots.get(images.get(id).snapshot).layer.size)`
    const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], { encoding: 'utf8' })
    assert.equal(
      Number(said),
      [...Array(1000).keys()].reduce((sum, i) => sum + `${i}`.length * 100, 0),
    )
  } finally {
    removeTree(home)
  }
})
