/** Loaded once it is clear that a verb runs: help and mistakes need no store. */
import { existsSync } from 'node:fs'
import { defaultRoot, type Engine, openEngine as open, rootsStore } from '../engine/mod.ts'
import type { Terminal } from './command.ts'

/** Opens the store. Users who look into an empty one of their own are told of root's, where `sudo strake build` puts images. */
export function openEngine({ err, color }: Pick<Terminal, 'err' | 'color'>): Engine {
  const root = defaultRoot()
  const engine = open(root)
  if (process.getuid?.() !== 0 && !process.env.STRAKE_ROOT && existsSync(rootsStore) && !engine.images.list().length) {
    err(`${color('cyan', 'hint:')} Your own store, ${root}, is empty. To look into root's: sudo strake …\n`)
  }
  return engine
}
