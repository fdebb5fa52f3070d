import type { ProgressSink, VertexEvent } from '../lib/mod.ts'
import type { Vertex } from './graph.ts'

/** Tells the state of a vertex. */
export function report(
  progress: ProgressSink,
  vertex: Vertex,
  what: Pick<VertexEvent, 'state'> & Partial<Pick<VertexEvent, 'key' | 'miss' | 'reason' | 'from'>>,
): void {
  const { id, name, step } = vertex
  const inputs = vertex.kind === 'source' ? [] : vertex.kind === 'config' ? [vertex.input] : vertex.inputs
  progress({
    kind: 'vertex',
    id,
    name,
    at: Date.now(),
    ...(step && { step }),
    ...(vertex.kind === 'config' && { config: true as const }),
    ...(inputs.length && { inputs: inputs.map((input) => input.id) }),
    ...what,
  })
}
