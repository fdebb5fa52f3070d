import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeTree, treeSize } from './tree.ts'

function temporaryDirectory() {
  const path = mkdtempSync('/var/tmp/strake-test-')
  return { path, [Symbol.dispose]: () => removeTree(path) }
}

test('removeTree removes everything and follows no symlink', () => {
  using t = temporaryDirectory()
  mkdirSync(join(t.path, 'keep'))
  writeFileSync(join(t.path, 'keep/file'), '')
  const tree = join(t.path, 'tréé')
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  mkdirSync(Buffer.from(`${Buffer.from(tree).toString('latin1')}/a/\xff\xfe`, 'latin1'))
  writeFileSync(Buffer.from(`${Buffer.from(tree).toString('latin1')}/a/\xff\xfe/\xe9`, 'latin1'), '')
  symlinkSync(join(t.path, 'keep'), join(tree, 'link'))
  symlinkSync('nowhere', join(tree, 'a/dangling'))
  spawnSync('mkfifo', [join(tree, 'a/fifo')])
  chmodSync(join(tree, 'a/b'), 0)
  removeTree(tree)
  assert.deepEqual(readdirSync(t.path), ['keep'])
  assert.deepEqual(readdirSync(join(t.path, 'keep')), ['file'])
  symlinkSync(join(t.path, 'keep'), join(t.path, 'link'))
  removeTree(join(t.path, 'link'))
  removeTree(join(t.path, 'absent'))
  assert.deepEqual(readdirSync(t.path), ['keep'])
})

test('directories that forbid everything are no hindrance to their owner', { skip: process.getuid?.() !== 0 }, () => {
  using t = temporaryDirectory()
  const tree = join(t.path, 'tree')
  mkdirSync(join(tree, 'upper/inner/deep'), { recursive: true })
  writeFileSync(join(tree, 'upper/inner/deep/file'), '')
  spawnSync('chown', ['-R', '65534:65534', t.path])
  for (const name of ['upper/inner/deep', 'upper/inner', 'upper']) chmodSync(join(tree, name), 0)
  const module = JSON.stringify(join(import.meta.dirname, 'tree.ts'))
  const code = `
    const { removeTree } = await import(${module})
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    removeTree(${JSON.stringify(tree)})`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(existsSync(tree), false)
})

test('a tree deeper than any path can be is removed', () => {
  using t = temporaryDirectory()
  const tree = join(t.path, 'tree')
  mkdirSync(tree)
  const code = `
    for (let i = 0; i < 50; i++) {
      fs.mkdirSync('x'.repeat(200))
      process.chdir('x'.repeat(200))
    }
    fs.writeFileSync('file', '')`
  assert.equal(spawnSync(process.execPath, ['-e', code], { cwd: tree, stdio: 'inherit' }).status, 0)
  assert.equal(treeSize(tree), 0)
  removeTree(tree)
  assert.equal(existsSync(tree), false)
})

test('several processes may remove the same tree', async () => {
  using t = temporaryDirectory()
  const tree = join(t.path, 'tree')
  for (let i = 0; i < 200; i++) {
    mkdirSync(join(tree, String(i % 20), String(i)), { recursive: true })
    for (let j = 0; j < 10; j++) writeFileSync(join(tree, String(i % 20), String(i), String(j)), '')
  }
  const module = JSON.stringify(join(import.meta.dirname, 'tree.ts'))
  const code = `(await import(${module})).removeTree(${JSON.stringify(tree)})`
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' }),
  )
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0])
  assert.equal(existsSync(tree), false)
})

test('treeSize counts the bytes of files, each once', () => {
  using t = temporaryDirectory()
  mkdirSync(join(t.path, 'a/b'), { recursive: true })
  writeFileSync(join(t.path, 'a/one'), '12345')
  writeFileSync(Buffer.from(`${t.path}/a/b/\xff`, 'latin1'), '123')
  linkSync(join(t.path, 'a/one'), join(t.path, 'a/b/two'))
  symlinkSync('/', join(t.path, 'a/root'))
  assert.equal(treeSize(t.path), 8)
  assert.equal(treeSize(join(t.path, 'absent')), 0)
})
