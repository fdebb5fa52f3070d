import type { Digest } from '../../oci/mod.ts'
import type { SnapshotId } from '../../store/mod.ts'
import { type BuildCache, configKey } from '../cache.ts'
import type { OperationVertex, Vertex } from '../graph.ts'
import type { Solver } from '../solver.ts'

/** What a build has done or found of its graph. */
export interface FinishedSteps {
  readonly steps: readonly FinishedStep[]
  /**
   * What is known without a result: keys of the steps that only change the configuration, and operations, so that whoever
   * imports one step of a graph knows that the keys of those below are worth being computed.
   */
  readonly known: readonly string[]
}

export interface FinishedStep {
  readonly vertex: OperationVertex
  readonly operation: Digest
  readonly keys: readonly string[]
  /** Undefined where it was not needed: what stands on it was found. */
  readonly snapshot: SnapshotId | undefined
  /** Whether the image has its layer: it is no step of another stage. */
  readonly own: boolean
}

/** Walks the graph down from what was asked for. What is not known by now is left out. */
export async function finishedSteps(
  solver: Solver,
  cache: BuildCache,
  tops: readonly Vertex[],
): Promise<FinishedSteps> {
  const own = new Set<Vertex>()
  for (const top of tops) for (let at: Vertex | undefined = top; at; at = rootOf(at)) own.add(at)
  const steps: FinishedStep[] = []
  const known: string[] = []
  const seen = new Set<Vertex>()
  const waiting = [...tops]
  for (let vertex = waiting.pop(); vertex; vertex = waiting.pop()) {
    if (seen.has(vertex) || vertex.kind === 'source') continue
    seen.add(vertex)
    if (vertex.kind === 'config') {
      const { key } = await solver.state(vertex.input)
      if (key !== undefined) known.push(configKey(key, vertex.step?.text))
      waiting.push(vertex.input)
      continue
    }
    waiting.push(...vertex.inputs)
    const step = await finishedStep(vertex)
    if (!step) continue
    steps.push(step)
    known.push(step.operation)
  }
  return { steps, known }

  async function finishedStep(vertex: OperationVertex): Promise<FinishedStep | undefined> {
    const { key, snapshot } = await solver.state(vertex)
    if (key === undefined) return undefined
    const operation = vertex.operation.digest
    const keys = snapshot === undefined ? [key] : cache.keysOf({ operation, snapshot, key })
    return { vertex, operation, keys, snapshot, own: own.has(vertex) }
  }
}

/** What the vertex changes. */
function rootOf(vertex: Vertex): Vertex | undefined {
  if (vertex.kind === 'source') return undefined
  return vertex.kind === 'config' ? vertex.input : vertex.inputs[0]
}
