import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeArchive } from '../../tests/support/archive.ts'
import { type Member, member } from '../../tests/support/tar.ts'
import type { ContainerConfig } from '../oci/mod.ts'
import { removeTree } from '../store/mod.ts'
import { diff } from './diff.ts'
import { openEngine } from './engine.ts'
import { load } from './load.ts'

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' }

async function compared(
  before: { config?: ContainerConfig; layers: readonly (readonly Member[])[] },
  after: { config?: ContainerConfig; layers: readonly (readonly Member[])[] },
) {
  const dir = mkdtempSync('/var/tmp/strake-diff-')
  using stack = new DisposableStack()
  stack.defer(() => removeTree(dir))
  const engine = stack.use(openEngine(join(dir, 'store')))
  for (const [name, { config = {}, layers }] of Object.entries({ before, after })) {
    const path = join(dir, `${name}.tar`)
    writeFileSync(path, writeArchive(`${name}:1`, { config: { config }, layers }))
    await load(engine, { source: path })
  }
  const found = diff(engine, { before: 'before:1', after: 'after:1' })
  assert.deepEqual(diff(engine, { before: 'after:1', after: 'after:1' }), { fields: [], files: [] })
  assert.throws(() => diff(engine, { before: 'before:1', after: 'nothing' }), { code: 'not_found' })
  return { fields: found.fields, files: found.files.map(({ path, change, fields }) => [change, path, fields]) }
}

test('files, one by one, as the layers leave them', options, async () => {
  const mtime = 1_100_000_000
  const base = [
    member.dir('d', { mode: 0o755 }),
    member.file('d/same', 'same'),
    member.file('d/gone', 'gone'),
    member.file('d/mode', 'x', { mode: 0o644 }),
    member.file('d/text', 'abc'),
    member.file('d/owner', 'x'),
    member.file('d/kind', 'x'),
    member.symlink('d/link', 'same'),
    member.file('d/xattr', 'x'),
  ]
  const own = [
    member.file('d/.wh.gone', ''),
    member.file('d/mode', 'x', { mode: 0o755 }),
    member.file('d/text', 'abd'),
    member.file('d/owner', 'xy', { uid: 5, gid: 6, mtime }),
    member.dir('d/kind'),
    member.file('d/kind/new', 'n'),
    member.symlink('d/link', 'mode'),
    member.file('d/xattr', 'x', { xattrs: { 'user.a': Buffer.from('v') } }),
  ]
  const { files } = await compared({ layers: [base] }, { layers: [base, own] })
  const relevant = files.map(([change, path, fields]) => {
    const { modified: _, ...rest } = fields as Record<string, unknown>
    return [change, path, ...(change === 'changed' ? [rest] : [])]
  })
  const digest = (text: string) => `sha256:${text}`
  assert.deepEqual(
    relevant.filter(([, path]) => path !== '/d/kind' && path !== '/d/text'),
    [
      ['removed', '/d/gone'],
      ['added', '/d/kind/new'],
      ['changed', '/d/link', { target: { before: 'same', after: 'mode' } }],
      ['changed', '/d/mode', { mode: { before: '0644', after: '0755' } }],
      ['changed', '/d/owner', { owner: { before: '0:0', after: '5:6' }, size: { before: 1, after: 2 } }],
      ['changed', '/d/xattr', { 'xattr user.a': { before: undefined, after: '76' } }],
    ],
  )
  const kind = relevant.find(([, path]) => path === '/d/kind')?.[2] as Record<string, unknown>
  assert.deepEqual(kind.type, { before: 'file', after: 'directory' })
  assert.deepEqual(relevant.find(([, path]) => path === '/d/text')?.[2], {
    content: {
      before: digest('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
      after: digest('a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9'),
    },
  })
  const owner = files.find(([, path]) => path === '/d/owner')?.[2] as unknown as { modified: { after: string } }
  assert.equal(owner.modified.after, '2004-11-09T11:33:20Z')
})

test('fields of the configuration; the order of variables means nothing', options, async () => {
  const layers = [[member.file('f', 'f')]]
  const { fields, files } = await compared(
    { config: { Env: ['A=1', 'B=2', 'C=3'], Labels: { l: 'x' }, Cmd: ['a'] }, layers },
    { config: { Env: ['B=2', 'A=one'], User: 'app', Cmd: ['a', 'b'], Labels: { l: 'x' } }, layers },
  )
  assert.deepEqual(files, [])
  assert.deepEqual(
    [...fields].sort((a, b) => (a.field < b.field ? -1 : 1)),
    [
      { field: 'config.Cmd[1]', before: undefined, after: 'b' },
      { field: 'config.Env.A', before: '1', after: 'one' },
      { field: 'config.Env.C', before: '3', after: undefined },
      { field: 'config.User', before: undefined, after: 'app' },
    ],
  )
})
