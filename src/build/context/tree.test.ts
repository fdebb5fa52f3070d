import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { StrakeError } from '../../lib/mod.ts'
import { cleanPath, glob, openTree, resolveInTree } from './tree.ts'

const root = mkdtempSync(join(tmpdir(), 'strake-tree-'))
after(() => rmSync(root, { recursive: true }))

function file(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), path)
}
for (const path of ['a.txt', 'b.txt', 'c.md', 'src/one.ts', 'src/two.ts', 'lib/one.ts', 'real/file', '[x]']) file(path)
symlinkSync('/real', join(root, 'absolute'))
symlinkSync('../../../../etc', join(root, 'escape'))
symlinkSync('loop', join(root, 'loop'))
symlinkSync('src', join(root, 'code'))
const tree = openTree(root, 'the tree')

test('symlinks are followed inside the tree only', () => {
  assert.equal(resolveInTree(tree, 'absolute/file'), 'real/file')
  assert.equal(resolveInTree(tree, 'escape/passwd'), 'etc/passwd')
  assert.equal(resolveInTree(tree, '../../code/../a.txt'), 'a.txt')
  assert.equal(resolveInTree(tree, 'missing/x/../y'), 'missing/y')
})

test('a loop of symlinks ends with an error', () => {
  assert.throws(
    () => resolveInTree(tree, 'loop/x'),
    (error: StrakeError) => error.code === 'invalid' && /too many levels/.test(error.message),
  )
})

test('patterns match component by component, as Go does', () => {
  assert.deepEqual(glob(tree, '*.txt'), ['a.txt', 'b.txt'])
  assert.deepEqual(glob(tree, '*/one.ts'), ['code/one.ts', 'lib/one.ts', 'src/one.ts'])
  assert.deepEqual(glob(tree, 'code/t*'), ['code/two.ts'])
  assert.deepEqual(glob(tree, '[a-b].txt'), ['a.txt', 'b.txt'])
  assert.deepEqual(glob(tree, '[^a].txt'), ['b.txt'])
  assert.deepEqual(glob(tree, '\\[x\\]'), ['[x]'])
  assert.deepEqual(glob(tree, 'nothing*'), [])
  assert.throws(() => glob(tree, '[a'), StrakeError)
})

test('a path can not leave the tree', () => {
  assert.equal(cleanPath('../../x/./y/..//z'), 'x/z')
  assert.equal(cleanPath('/'), '')
})

test('an ignored directory is read only for what a pattern brings back', () => {
  const hidden = new Map([
    ['src', true],
    ['lib', false],
  ])
  const pattern = { pattern: '', exclusion: false, line: 1 }
  const filtered = openTree(root, 'the tree', {
    ignore: {
      patterns: [],
      ignored: (path) => (path === 'src' || path === 'src/one.ts' || path.startsWith('lib') ? pattern : undefined),
      mayIgnore: () => false,
      mayReinclude: (path) => hidden.get(path) ?? false,
    },
  })
  assert.deepEqual(filtered.list('src'), ['two.ts'])
  assert.ok(filtered.list('').includes('src'))
  assert.ok(!filtered.list('').includes('lib'))
})
