import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { execute } from './executor.ts'
import { mountStubs } from './stubs.ts'
import { asRoot, testRoot } from './testing.ts'
import type { Mount } from './types.ts'

const mounts: readonly Mount[] = [
  { kind: 'bind', source: '/etc/hostname', target: '/etc/hosts' },
  { kind: 'bind', source: '/etc/hostname', target: '/etc/resolv.conf' },
  { kind: 'tmpfs', source: '', target: '/usr/local/cache/deep' },
]
const long = { encoding: 'utf8', recursive: true } as const

async function step(root: ReturnType<typeof testRoot>, command: string) {
  using _ = mountStubs(root, mounts)
  await execute(root.spec(['sh', '-c', command], { mounts }), { onOutput: () => {} })
}

function prepare(lower: string) {
  mkdirSync(join(lower, 'etc'))
  mkdirSync(join(lower, 'usr/local'), { recursive: true })
  for (const path of ['etc', 'usr/local', 'usr', '.']) utimesSync(join(lower, path), 1000, 2000)
}

test('mount points leave no trace', asRoot, async () => {
  using root = testRoot(prepare)
  await step(root, 'test -s /etc/hosts && test -d /usr/local/cache/deep && touch /made')
  assert.deepEqual(readdirSync(root.upper, long).sort(), ['dev', 'made', 'proc', 'sys'])
})

test('directories that a step changed stay, with the time that they would have had', asRoot, async () => {
  using root = testRoot(prepare)
  await step(root, 'echo x > /usr/local/file; chmod 700 /etc')
  assert.deepEqual(readdirSync(root.upper, long).sort(), [
    ...['dev', 'etc', 'proc', 'sys', 'usr', 'usr/local', 'usr/local/file'],
  ])
  assert.equal(statSync(join(root.upper, 'etc')).mtimeMs, 2_000_000)
  assert.equal(statSync(join(root.upper, 'usr')).mtimeMs, 2_000_000)
  assert.ok(statSync(join(root.upper, 'usr/local')).mtimeMs > 2_000_000)
})

test('directories that were missing altogether go, too, unless the step used them', asRoot, async () => {
  using unused = testRoot()
  await step(unused, 'true')
  assert.deepEqual(readdirSync(unused.upper, long).sort(), ['dev', 'proc', 'sys'])
  using root = testRoot()
  await step(root, 'echo x > /etc/own')
  assert.deepEqual(readdirSync(root.upper, long).sort(), ['dev', 'etc', 'etc/own', 'proc', 'sys'])
})

test('symlinks lead nowhere else, before and after', asRoot, async () => {
  using root = testRoot((lower) => {
    mkdirSync(join(lower, 'real'))
    symlinkSync('/real', join(lower, 'etc'))
  })
  const outside = join(root.upper, '../outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'hosts'), '')
  {
    using _ = mountStubs(root, mounts.slice(0, 2))
    assert.deepEqual(readdirSync(join(root.upper, 'real')).sort(), ['hosts', 'resolv.conf'])
    await execute(root.spec(['sh', '-c', `mv /real /moved; ln -s ${outside} /real`]), { onOutput: () => {} })
  }
  assert.deepEqual(readdirSync(outside), ['hosts'])
})
