import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeTree } from '../../store/mod.ts'
import { removeListings } from './listing.ts'

test('lists that no step names go when they are not new, and the oldest where they are too many', () => {
  const root = mkdtempSync(join(tmpdir(), 'strake-listing-'))
  try {
    const files = join(root, 'cache/files')
    mkdirSync(files, { recursive: true })
    const now = Date.now()
    for (const [name, hours] of Object.entries({ a: 5, b: 4, c: 3, d: 2, 'new.123': 0 })) {
      writeFileSync(join(files, name), '12345')
      const time = new Date(now - hours * 3_600_000)
      utimesSync(join(files, name), time, time)
    }
    removeListings(root, new Set(['sha256:a', 'sha256:b', 'sha256:d']), { now })
    assert.deepEqual(readdirSync(files), ['a', 'b', 'd', 'new.123'])
    removeListings(root, new Set(['sha256:a', 'sha256:b', 'sha256:d']), { now, most: 10 })
    assert.deepEqual(readdirSync(files), ['d', 'new.123'])
  } finally {
    removeTree(root)
  }
})
