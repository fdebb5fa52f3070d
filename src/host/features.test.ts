import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cgroups, findProgram, kernelFeatures, mountOf } from './features.ts'

test('each feature that is missing comes with a fix', () => {
  const features = kernelFeatures()
  assert.equal(features.length, 5)
  for (const { available, fix } of features) assert.equal(fix === undefined, available)
})

test('cgroups as /sys shows them', () => {
  const { version, controllers } = cgroups()
  assert.equal(version === '2', existsSync('/sys/fs/cgroup/cgroup.controllers'))
  assert.equal(controllers.length === 0, version === 'none')
})

test('the mount of a path', () => {
  assert.deepEqual(mountOf('/proc/self'), { point: '/proc', type: 'proc' })
  assert.equal(mountOf('/').point, '/')
  assert.equal(mountOf('/processes').point, '/')
})

test('programs are looked for as the shell does', () => {
  assert.ok(findProgram('sh'))
  assert.equal(findProgram('no-such-program-anywhere'), undefined)
  const dir = mkdtempSync(join(tmpdir(), 'strake-path-'))
  try {
    const file = join(dir, 'tool')
    writeFileSync(file, '')
    assert.equal(findProgram('tool', { PATH: dir }), undefined)
    chmodSync(file, 0o755)
    assert.equal(findProgram('tool', { PATH: `/nowhere:${dir}` }), file)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
