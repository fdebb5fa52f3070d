import type { GraphEvent, ProgressSink, VertexEvent } from '../lib/mod.ts'
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

function described(vertex: Vertex): GraphEvent['vertices'][number] {
  const { id, name } = vertex
  const inputs = inputsOf(vertex).map((input) => input.id)
  return { id, name, ...(vertex.kind === 'config' && { config: true }), ...(inputs.length && { inputs }) }
}
