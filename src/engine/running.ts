import { statSync } from 'node:fs'
import {
  type Container,
  type Context,
  hasStarted,
  type Input,
  joinEntries,
  type OutputChunk,
  openInput,
  places,
  publishedPorts,
  type Running,
  readExitCode,
  readLog,
  resizeTerminal,
  type Size,
  type StopOptions,
  signalProcess,
  stopContainer,
  waitForEnd,
} from '../containers/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import type { PortMapping } from '../network/mod.ts'

/** A container that runs, as the one sees it who has started it or is attached to it. */
export interface RunningContainer {
  readonly id: string
  readonly name: string
  readonly container: Container
  /** Ports of this machine that lead into it. */
  readonly ports: readonly PortMapping[]
  /** Fires when it has ended. */
  readonly ended: AbortSignal
  /**
   * Its output from the start on (or from the moment of attaching) until it ends. `until` ends it earlier.
   */
  output(until?: AbortSignal): AsyncGenerator<OutputChunk>
  /** Its standard input; it must have been created with `interactive`. Whoever writes must also call `drain`, see there. */
  input(): Input
  /** Tells its terminal the size. False while it has not yet heard of the one before: to be tried again. */
  resize(size: Size): boolean
  /** Sends a signal to its first process. False when that has ended. */
  signal(name: NodeJS.Signals): boolean
  stop(options?: StopOptions): Promise<void>
  /** Waits for its end, and gives its exit code before anything is cleared away. Undefined when conmon was killed. */
  exitCode(): Promise<number | undefined>
  /** Waits for its end, and gives its exit code. With `autoRemove` it is gone then. */
  wait(): Promise<number>
  /** Lets this process end, or do something else, while the container goes on. */
  release(): void
}

/** The end of a container's log. */
export function logSize({ store }: Context, { id }: Container): number {
  try {
    return statSync(places(store, id).log).size
  } catch (error) {
    if (errno(error) === 'ENOENT') return 0
    throw error
  }
}

export function runningContainer(
  context: Context,
  container: Container,
  { ended, from, release }: { readonly ended: Promise<unknown>; readonly from: number; readonly release: () => void },
): RunningContainer {
  if (!hasStarted(container)) throw new StrakeError('conflict', `container ${container.name} is not running`)
  const { id, name, state } = container
  const end = new AbortController()
  void ended.then(() => end.abort())
  return {
    id,
    name,
    container,
    ports: publishedPorts(container),
    ended: end.signal,
    async *output(until) {
      const follow = until ? AbortSignal.any([end.signal, until]) : end.signal
      for await (const entries of readLog(places(context.store, id).log, { from, follow })) yield* joinEntries(entries)
    },
    input: () => openInput(context, container),
    resize: (size) => resizeTerminal(context, container, size),
    signal: (signal) => signalProcess(state, signal),
    stop: (options) => stopContainer(context, id, options),
    async exitCode() {
      await ended
      return readExitCode(context, id)
    },
    async wait() {
      await ended
      return (await waitForEnd(context, container))!
    },
    release,
  }
}

/** For an end that is found by looking. */
export function watchEnd(context: Context, container: Container & { readonly state: Running }) {
  const stop = new AbortController()
  const ended = waitForEnd(context, container, { signal: stop.signal }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  return { ended, release: () => stop.abort() }
}
