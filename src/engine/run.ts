import { removeContainer } from '../containers/mod.ts'
import { type CreateContainerOptions, create } from './create.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'
import type { RunningContainer } from './running.ts'
import { type StartOptions, start } from './start.ts'

export interface RunOptions extends CreateContainerOptions, StartOptions {}

/**
 * Makes a container from an image, which is fetched where it is not here, and starts it. The container lives on when this process ends.
 *
 * Throws `not_found` (no such image), `unavailable` (its registry can't be reached), `conflict` (name or port taken), `invalid`, and `failed` in docker's words with
 * exit code 125, 126 or 127 when it can't be started; it stays, not started, unless `autoRemove` is set.
 */
export async function run(engine: Engine, options: RunOptions): Promise<RunningContainer> {
  requireRoot('running a container')
  const { id } = await create(engine, options)
  try {
    return await start(engine, id, options)
  } catch (error) {
    if (options.autoRemove) await removeContainer(engine, id, { force: true, volumes: true })
    throw error
  }
}
