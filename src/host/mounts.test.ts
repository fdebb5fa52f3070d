import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

test('layers are mounted whatever the letters of their paths', { skip: process.getuid?.() !== 0 }, () => {
  const dir = mkdtempSync('/var/tmp/strake-mounts-')
  try {
    const place = (name: string) => join(dir, 'a, b\\c:d=e', name)
    for (const name of ['one', 'two', 'upper', 'work', 'target']) mkdirSync(place(name), { recursive: true })
    writeFileSync(join(place('one'), 'file'), 'below')
    const code = `
      import { readFileSync, writeFileSync } from 'node:fs'
      import { enterPrivateMounts, mountOverlay } from ${JSON.stringify(join(import.meta.dirname, 'mod.ts'))}
      const [target, upper, work, ...lower] = ${JSON.stringify(['target', 'upper', 'work', 'one', 'two'].map(place))}
      enterPrivateMounts()
      mountOverlay(target, { lower, upper: { dir: upper, work } })
      console.log(readFileSync(target + '/file', 'utf8'))
      writeFileSync(target + '/file', 'above')`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    assert.equal(stdout, 'below\n', stderr)
    assert.equal(readFileSync(join(place('upper'), 'file'), 'utf8'), 'above')
    assert.equal(readFileSync(join(place('one'), 'file'), 'utf8'), 'below')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
