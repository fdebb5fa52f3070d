import { currentContainer, findContainer, hasStarted, type Size, startContainer } from '../containers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'
import { logSize, type RunningContainer, runningContainer, watchEnd } from './running.ts'

export interface StartOptions {
  /** The size of its terminal from the beginning. */
  readonly size?: Size | undefined
  /** Stops the container when it fires, as `stop` does. */
  readonly signal?: AbortSignal | undefined
}

/** Starts a container that does not run; one that runs stays as it is. Throws as `run` does. */
export async function start(
  engine: Engine,
  nameOrId: string,
  { size, signal }: StartOptions = {},
): Promise<RunningContainer> {
  requireRoot('running a container')
  const container = findContainer(engine, nameOrId)
  const from = logSize(engine, container)
  const started = await startContainer(engine, container, { size, signal })
  if (!started) return await attach(engine, container.id)
  const running = runningContainer(engine, started.container, { ...started, from })
  const stop = () => void running.stop()
  signal?.addEventListener('abort', stop, { once: true })
  running.ended.addEventListener('abort', () => signal?.removeEventListener('abort', stop), { once: true })
  return running
}

/** Joins a container that runs: its output from now on, its input. Throws `not_found`, and `conflict` where it does not run. */
export async function attach(engine: Engine, nameOrId: string): Promise<RunningContainer> {
  const container = await currentContainer(engine, nameOrId)
  if (!hasStarted(container)) {
    throw new StrakeError('conflict', 'You cannot attach to a stopped container, start it first')
  }
  return runningContainer(engine, container, { ...watchEnd(engine, container), from: logSize(engine, container) })
}
