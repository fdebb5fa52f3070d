import { StrakeError } from '../lib/mod.ts'
import { hasStarted, refresh, signalProcess, waitForEnd } from './end.ts'
import { findContainer } from './records.ts'
import { signalName } from './settings.ts'
import { type Started, startContainer } from './start.ts'
import type { Context } from './types.ts'

export interface StopOptions {
  /** Seconds until SIGKILL, instead of the container's own (10 by default). -1 waits for ever. */
  readonly timeout?: number | undefined
  /** Instead of the container's own. */
  readonly signal?: string | undefined
}

/** Asks a container to end, and kills it when it does not. Does nothing to one that does not run. Throws `not_found`. */
export async function stopContainer(context: Context, nameOrId: string, options: StopOptions = {}): Promise<void> {
  const container = await refresh(context, findContainer(context, nameOrId))
  if (!container || !hasStarted(container)) return
  const { settings, state } = container
  const seconds = options.timeout ?? settings.stopTimeout
  const signal = options.signal === undefined ? signalName(settings.stopSignal) : signalName(options.signal)
  signalProcess(state, signal)
  const timeout = seconds < 0 ? {} : { timeout: seconds * 1000 }
  if ((await waitForEnd(context, container, timeout)) !== undefined) return
  signalProcess(state, 'SIGKILL')
  if ((await waitForEnd(context, container, { timeout: 10_000 })) === undefined) {
    throw new StrakeError('failed', `container ${container.name} does not end, not even by SIGKILL`, {
      hint: 'A process of it may hang in the kernel, as on a dead network file system.',
    })
  }
}

/** Sends a signal to a container's first process; after SIGKILL waits for its end. Throws `conflict` where it does not run. */
export async function killContainer(context: Context, nameOrId: string, signal = 'SIGKILL'): Promise<void> {
  const name = signalName(signal)
  const container = await refresh(context, findContainer(context, nameOrId))
  if (!container || !hasStarted(container) || !signalProcess(container.state, name)) {
    throw new StrakeError(
      'conflict',
      `cannot kill container: ${nameOrId}: container ${container?.id ?? nameOrId} is not running`,
    )
  }
  if (name === 'SIGKILL') await waitForEnd(context, container, { timeout: 10_000 })
}

/**
 * Waits for a container to end. Gives its exit code; that of the last time at once where it does not run.
 * Throws `not_found`, and `cancelled` by signal.
 */
export async function waitContainer(context: Context, nameOrId: string, signal?: AbortSignal): Promise<number> {
  const container = findContainer(context, nameOrId)
  if (hasStarted(container)) return (await waitForEnd(context, container, { signal })) ?? 0
  return container.state.kind === 'exited' ? container.state.exitCode : 0
}

/** Stops a container if it runs, and starts it. */
export async function restartContainer(
  context: Context,
  nameOrId: string,
  options: StopOptions = {},
): Promise<Started> {
  await stopContainer(context, nameOrId, options)
  const started = await startContainer(context, findContainer(context, nameOrId))
  if (!started) throw new StrakeError('conflict', `container ${nameOrId} was started by somebody else`)
  return started
}
