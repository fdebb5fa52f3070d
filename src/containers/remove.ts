import { rmSync } from 'node:fs'
import { StrakeError } from '../lib/mod.ts'
import { removeTree } from '../store/mod.ts'
import { forget, hasStarted, isRunning, refresh, signalProcess, waitForEnd } from './end.ts'
import { lockContainer, places } from './places.ts'
import { findContainer, getContainer, setState } from './records.ts'
import type { Container, Context } from './types.ts'
import { removeVolume } from './volumes.ts'
import { unwire } from './wiring.ts'

export interface RemoveOptions {
  /** Kills it first where it runs. */
  readonly force?: boolean | undefined
  /** Removes its anonymous volumes, too. */
  readonly volumes?: boolean | undefined
}

/** Removes a container with its writable layer and its logs. Throws `not_found`, and `conflict` where it runs. */
export async function removeContainer(context: Context, nameOrId: string, options: RemoveOptions = {}): Promise<void> {
  const container = await refresh(context, findContainer(context, nameOrId))
  if (!container) return
  if (hasStarted(container)) {
    if (!options.force) {
      throw new StrakeError('conflict', `cannot remove container "/${container.name}": container is running`, {
        hint: `Stop the container before attempting removal or force remove: strake rm -f ${container.name}`,
      })
    }
    signalProcess(container.state, 'SIGKILL')
    await waitForEnd(context, container, { timeout: 10_000 })
  }
  using _ = await lockContainer(context.store, container.id)
  const current = getContainer(context, container.id)
  if (!current) return rmSync(places(context.store, container.id).lock, { force: true })
  if (current.state.kind === 'running' && isRunning(context, current.id, current.state)) {
    throw new StrakeError('conflict', `container ${current.id} does not end`, {
      hint: 'A process of it may hang in the kernel, as on a dead network file system.',
    })
  }
  await Promise.all([forget(context, current), unwire(context, current.id)])
  removeFiles(context, current, options)
  rmSync(places(context.store, current.id).exitFile, { force: true })
}

/**
 * Removes what a container that does not run has in the store. Files go first and the row last: what a kill leaves is seen,
 * and can be removed again.
 */
export function removeFiles(context: Context, container: Container, { volumes = false }: RemoveOptions): void {
  const { store } = context
  const { directory, lock } = places(store, container.id)
  setState(context, container, { kind: 'removing' })
  removeTree(directory)
  store.transaction(() => {
    store.db.prepare('DELETE FROM containers WHERE id = ?').run(container.id)
    if (container.snapshot !== undefined) store.snapshots.discard(container.snapshot)
    if (!volumes) return
    for (const mount of container.settings.mounts) {
      if (mount.kind === 'volume' && mount.anonymous) removeVolume(context, mount.name)
    }
  })
  rmSync(lock, { force: true })
}
