import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openStatCache } from './stat-cache.ts'
import { lstat } from './tree.ts'

const store = mkdtempSync(join(tmpdir(), 'strake-stat-'))
after(() => rmSync(store, { recursive: true }))
const file = join(store, 'file')
const sha256 = (text: string) => hash('sha256', text, 'buffer')
const version = () => lstat(file)
const later = () => Date.now() + 10_000

test('a file is known as long as its version is the same', () => {
  writeFileSync(file, 'one')
  const before = openStatCache(store, '/context')
  before.set('päth\xff', version(), sha256('one'), later())
  before.set('other', version(), sha256('one'), later())
  before.save()
  assert.deepEqual(openStatCache(store, '/context').find('päth\xff', version()), sha256('one'))
  assert.equal(openStatCache(store, '/context').find('path', version()), undefined)
  assert.equal(openStatCache(store, '/elsewhere').find('other', version()), undefined)
  utimesSync(file, 1, 1)
  assert.equal(openStatCache(store, '/context').find('other', version()), undefined)
})

test('a file that is too young to be trusted is not remembered', () => {
  writeFileSync(file, 'two')
  const cache = openStatCache(store, '/young')
  cache.set('file', version(), sha256('two'), Date.now())
  cache.save()
  assert.equal(openStatCache(store, '/young').find('file', version()), undefined)
})

test('a damaged cache is an empty one', () => {
  const cache = openStatCache(store, '/damaged')
  cache.set('file', version(), sha256('x'), later())
  cache.save()
  for (const name of readdirSync(join(store, 'cache/stat'))) {
    writeFileSync(join(store, 'cache/stat', name), Buffer.from('STK4\xff\xff\x01', 'latin1'))
  }
  assert.equal(openStatCache(store, '/damaged').find('file', version()), undefined)
})

test('what is gone, new or changed does not cost the others their place', () => {
  writeFileSync(file, 'three')
  const names = Array.from({ length: 100 }, (_, i) => `file-${String(i).padStart(3, '0')}`)
  const hashes = new Map(names.map((name) => [name, sha256(name)]))
  /** Asks as a build does; gives the names that it had to read. */
  const walk = (present: readonly string[]) => {
    const cache = openStatCache(store, '/walk')
    const read = present.filter((name) => {
      const known = cache.find(name, version())
      if (known) assert.deepEqual(known, hashes.get(name))
      else cache.set(name, version(), hashes.get(name)!, later())
      return !known
    })
    cache.save()
    return read
  }
  assert.deepEqual(walk(names), names)
  assert.deepEqual(walk(names), [])
  assert.deepEqual(walk(names.filter((_, i) => i < 10 || i > 60)), [])
  for (const name of ['file-0001', 'a', 'zzz', 'file-050x']) hashes.set(name, sha256(`new ${name}`))
  const more = [...names, 'file-0001', 'a', 'zzz', 'file-050x'].sort()
  assert.deepEqual(walk(more), ['a', 'file-0001', 'file-050x', 'zzz'])
  assert.deepEqual(walk(more), [])
  assert.deepEqual(walk(more.toReversed()), [])
  // Others are forgotten when they are the greater part, as soon as something is written.
  hashes.set('b', sha256('b'))
  assert.deepEqual(walk(['a', 'b']), ['b'])
  assert.deepEqual(walk(names.slice(0, 3)), names.slice(0, 3))
  utimesSync(file, 2, 2)
  assert.deepEqual(walk(names.slice(0, 3)), names.slice(0, 3))
})
