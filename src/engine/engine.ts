import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Images, openImages } from '../images/mod.ts'
import { takeUmask } from '../lib/mod.ts'
import { openStore, type Store } from '../store/mod.ts'

/** An open store and what stands on it: what every verb works with. */
export interface Engine extends Disposable {
  readonly store: Store
  readonly images: Images
}

/** Where root keeps images and containers. */
export const rootsStore = '/var/lib/strake'

/** `STRAKE_ROOT`, or where root and other users keep such things. */
export function defaultRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.STRAKE_ROOT) return env.STRAKE_ROOT
  if (process.getuid?.() === 0) return rootsStore
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'strake')
}

/** Opens the store at `root`, or makes it. From then on the process has a umask of 022, as docker's engine. */
export function openEngine(root: string = defaultRoot()): Engine {
  takeUmask()
  const store = openStore(root)
  return { store, images: openImages(store), [Symbol.dispose]: () => store[Symbol.dispose]() }
}
