import assert from 'node:assert/strict'
import { lstatSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { digestOf } from '../../oci/mod.ts'
import { openStatCache } from './stat-cache.ts'

const store = mkdtempSync(join(tmpdir(), 'strake-stat-'))
after(() => rmSync(store, { recursive: true }))
const file = join(store, 'file')
const version = () => lstatSync(file, { bigint: true })
const later = () => Date.now() + 10_000

test('a file is known as long as its version is the same', () => {
  writeFileSync(file, 'one')
  const before = openStatCache(store, '/context')
  before.set('päth\xff', version(), digestOf('one'), later())
  before.set('other', version(), digestOf('one'), later())
  before.save()
  assert.equal(openStatCache(store, '/context').find('päth\xff', version()), digestOf('one'))
  assert.equal(openStatCache(store, '/context').find('path', version()), undefined)
  assert.equal(openStatCache(store, '/elsewhere').find('other', version()), undefined)
  utimesSync(file, 1, 1)
  assert.equal(openStatCache(store, '/context').find('other', version()), undefined)
})

test('a file that is too young to be trusted is not remembered', () => {
  writeFileSync(file, 'two')
  const cache = openStatCache(store, '/young')
  cache.set('file', version(), digestOf('two'), Date.now())
  cache.save()
  assert.equal(openStatCache(store, '/young').find('file', version()), undefined)
})

test('a damaged cache is an empty one', () => {
  const cache = openStatCache(store, '/damaged')
  cache.set('file', version(), digestOf('x'), later())
  cache.save()
  for (const name of readdirSync(join(store, 'cache/stat'))) {
    writeFileSync(join(store, 'cache/stat', name), Buffer.from([0x32, 0x4b, 0x54, 0x53, 255, 255, 1]))
  }
  assert.equal(openStatCache(store, '/damaged').find('file', version()), undefined)
})
