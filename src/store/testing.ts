import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from './open.ts'
import { removeTree } from './tree.ts'
import type { Store } from './types.ts'

/** A new store for a test, removed when it is disposed. On a file system that can stack overlays, which /tmp may not be. */
export function temporaryStore(): Disposable & { readonly store: Store; readonly root: string } {
  const base = mkdtempSync('/var/tmp/strake-test-')
  const root = join(base, 'store')
  const store = openStore(root)
  return {
    store,
    root,
    [Symbol.dispose]() {
      store[Symbol.dispose]()
      removeTree(base)
    },
  }
}
