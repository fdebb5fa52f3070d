import type { CacheMiss, ProgressEvent, StatusEvent, VertexEvent } from '../lib/mod.ts'
import { printable } from './display.ts'
import { LogTail } from './log-tail.ts'

export interface Vertex {
  readonly name: string
  readonly startedAt: number
  endedAt: number | undefined
  state: VertexEvent['state']
  miss: CacheMiss | undefined
  /** The cache of another build that it came from. */
  from: string | undefined
  readonly log: LogTail
  /** What is under way in it, by id. */
  readonly parts: Map<string, StatusEvent>
}

/** What is known of an operation, from its events. */
export interface Board {
  take(event: ProgressEvent): void
  /** In the order in which they came up. */
  readonly vertices: readonly Vertex[]
  readonly done: number
  /** Those that are known of, and the numbered steps that are still to come. */
  readonly total: number
  readonly failed: boolean
}

const keptLines = 500

export function boardOf(): Board {
  const vertices = new Map<string, Vertex>()
  const list: Vertex[] = []
  let done = 0
  let steps = 0
  let allSteps = 0
  return {
    vertices: list,
    get done() {
      return done
    },
    get total() {
      return list.length + Math.max(0, allSteps - steps)
    },
    get failed() {
      return list.some(({ state }) => state === 'failed')
    },
    take(event) {
      if (event.kind === 'log') vertices.get(event.vertex)?.log.add(event.stream, event.data)
      else if (event.kind === 'status') {
        const parts = vertices.get(event.vertex)?.parts
        if (event.done) parts?.delete(event.id)
        else parts?.set(event.id, { ...event, label: printable(event.label).replaceAll('\n', ' ') })
      } else if (event.kind === 'vertex') {
        let vertex = vertices.get(event.id)
        if (!vertex) {
          vertex = {
            name: printable(event.name).replaceAll('\n', ' '),
            startedAt: event.at,
            endedAt: undefined,
            state: 'started',
            miss: event.miss,
            from: event.from,
            log: new LogTail(keptLines),
            parts: new Map(),
          }
          vertices.set(event.id, vertex)
          list.push(vertex)
          if (event.step) steps++
        }
        if (event.step) allSteps = Math.max(allSteps, event.step.total)
        vertex.state = event.state
        vertex.miss ??= event.miss
        vertex.from ??= event.from
        if (event.state === 'started' || vertex.endedAt !== undefined) return
        vertex.endedAt = event.at
        vertex.log.close()
        if (event.state === 'done' || event.state === 'cached') done++
      }
    },
  }
}
