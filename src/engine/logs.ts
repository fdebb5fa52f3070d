import { currentContainer, hasStarted, type LogEntry, places, readLog } from '../containers/mod.ts'
import type { Engine } from './engine.ts'
import { parseMoment } from './filters.ts'
import { watchEnd } from './running.ts'

export interface LogsOptions {
  /** Goes on with what comes until the container ends. */
  readonly follow?: boolean | undefined
  /** Only so many of the last lines. */
  readonly tail?: number | undefined
  /** RFC 3339, seconds since the epoch, or how long ago: `10m`. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a container has written, in pieces of some entries each. Throws `not_found`, `invalid`, and `cancelled` by signal. */
export async function* logs(engine: Engine, nameOrId: string, options: LogsOptions = {}): AsyncGenerator<LogEntry[]> {
  const { tail, signal } = options
  const since = options.since === undefined ? undefined : parseMoment(options.since)
  const until = options.until === undefined ? undefined : parseMoment(options.until)
  const container = await currentContainer(engine, nameOrId)
  const end = new AbortController()
  const watch = options.follow && hasStarted(container) ? watchEnd(engine, container) : undefined
  void watch?.ended.then(() => end.abort())
  try {
    const follow = watch && end.signal
    yield* readLog(places(engine.store, container.id).log, { tail, since, until, follow, signal })
  } finally {
    watch?.release()
  }
}
