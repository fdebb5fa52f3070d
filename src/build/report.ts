import { type CacheMiss, type GraphEvent, type ProgressSink, StrakeError, type VertexEvent } from '../lib/mod.ts'
import { inputsOf, type Vertex, verticesBelow } from './graph.ts'

/** Tells what is going to be done. */
export function announce(progress: ProgressSink, tops: readonly Vertex[]): void {
  progress({ kind: 'graph', vertices: verticesBelow(tops).map(described) })
}

/** Tells the state of a vertex. */
export function report(
  progress: ProgressSink,
  vertex: Vertex,
  what: Pick<VertexEvent, 'state'> & Partial<Pick<VertexEvent, 'key' | 'miss' | 'reason' | 'from'>>,
): void {
  const { step } = vertex
  progress({ kind: 'vertex', ...described(vertex), at: Date.now(), ...(step && { step }), ...what })
}

/** Tells how each vertex ended, once. */
export interface Ends {
  show(vertex: Vertex, state: 'cached' | 'done', more?: Ended): void
  /** Tells that it failed, unless its end is known; gives the error, with the place where the vertex is asked for. */
  failed(vertex: Vertex, error: unknown): unknown
  isShown(vertex: Vertex): boolean
  /** Vertices that were shown, and those of them that were cached. */
  readonly counts: { readonly steps: number; readonly cached: number }
}

interface Ended {
  readonly key?: string
  readonly miss?: CacheMiss
  readonly from?: string | undefined
}

export function createEnds(progress: ProgressSink): Ends {
  const shown = new Set<Vertex>()
  const counts = { steps: 0, cached: 0 }
  return {
    counts,
    isShown: (vertex) => shown.has(vertex),
    show(vertex, state, more) {
      if (shown.has(vertex)) return
      shown.add(vertex)
      counts.steps++
      if (state === 'cached') counts.cached++
      report(progress, vertex, { state, ...more })
    },
    failed(vertex, error) {
      if (shown.has(vertex) || !(error instanceof Error)) return error
      const cancelled = error instanceof StrakeError && error.code === 'cancelled'
      shown.add(vertex)
      report(progress, vertex, { state: cancelled ? 'cancelled' : 'failed', reason: error.message })
      if (!(error instanceof StrakeError) || error.range || !vertex.range) return error
      const { code, message, hint, exitCode, cause } = error
      return new StrakeError(code, message, { hint, exitCode, cause, range: vertex.range })
    },
  }
}

function described(vertex: Vertex): GraphEvent['vertices'][number] {
  const { id, name } = vertex
  const inputs = inputsOf(vertex).map((input) => input.id)
  return { id, name, ...(vertex.kind === 'config' && { config: true }), ...(inputs.length && { inputs }) }
}
