import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { removeTree, type Store } from '../store/mod.ts'
import { type OpenedContext, openContext } from './context/open.ts'
import type { BuildOptions } from './types.ts'

/**
 * The context of a build and its Dockerfile as `build` finds them, to look at and not to build. What had to be fetched is
 * gone when it is disposed of. Throws as `build`.
 */
export async function openBuildContext(
  store: Store,
  options: Pick<BuildOptions, 'context' | 'file' | 'dockerfile' | 'buildArgs' | 'progress' | 'signal'>,
): Promise<OpenedContext & Disposable> {
  using stack = new DisposableStack()
  const lease = stack.use(store.lease('build'))
  const scratch = mkdtempSync(join(store.root, 'ingest', `${lease.id}-build-`))
  stack.defer(() => removeTree(scratch))
  const workspace = {
    store,
    lease,
    scratch,
    materials: [],
    progress: options.progress ?? (() => {}),
    signal: options.signal,
  }
  const opened = await openContext(workspace, options)
  const owned = stack.move()
  return { ...opened, [Symbol.dispose]: () => owned.dispose() }
}
