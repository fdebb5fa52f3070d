import type { Finding } from '../store/mod.ts'
import type { Engine } from './engine.ts'

/** Looks for damage in the store, and repairs nothing. With `content`, reads all blobs: as slow as the disk. */
export function systemCheck(engine: Engine, options: { readonly content?: boolean } = {}): readonly Finding[] {
  return engine.store.check(options)
}
