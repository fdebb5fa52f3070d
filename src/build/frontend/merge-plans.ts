import type { Vertex } from '../graph.ts'
import type { Stage } from './stage.ts'

/**
 * Several plans of one Dockerfile, for one platform each, as one graph: vertices that do the same and are called the same are one
 * vertex, as those of a stage that runs on this machine's own platform. Steps get new numbers, in the order of the plans.
 */
export function mergePlans(plans: readonly (readonly Stage[])[]): Stage[][] {
  const merged = new Map<Vertex, Vertex>()
  const known = new Map<string, Vertex>()
  const numbers = new Map<object, number>()
  const identity = (thing: object): number => {
    const number = numbers.get(thing) ?? numbers.size
    numbers.set(thing, number)
    return number
  }

  function merge(vertex: Vertex): Vertex {
    const done = merged.get(vertex)
    if (done) return done
    const own = withInputs(vertex, merge)
    const key = JSON.stringify([own.kind, own.name, own.step?.text, ...whatItDoes(own, identity)])
    const found = known.get(key) ?? own
    known.set(key, found)
    merged.set(vertex, found)
    return found
  }

  const stages = plans.map((plan) =>
    plan.map((stage) => ({
      ...stage,
      top: merge(stage.top),
      scanned: {
        ...stage.scanned,
        stages: stage.scanned.stages.map(({ name, top }) => ({ name, top: merge(top) })),
      },
      history: stage.history.map(({ entry, vertex }) => ({ entry, vertex: vertex && merge(vertex) })),
    })),
  )
  renumber([...known.values()])
  return stages
}

function withInputs(vertex: Vertex, merge: (vertex: Vertex) => Vertex): Vertex {
  switch (vertex.kind) {
    case 'source':
      return { ...vertex }
    case 'config':
      return { ...vertex, input: merge(vertex.input) }
    case 'operation': {
      const [first, ...others] = vertex.inputs
      return { ...vertex, inputs: [merge(first), ...others.map(merge)] }
    }
  }
}

function whatItDoes(vertex: Vertex, identity: (thing: object) => number): unknown[] {
  switch (vertex.kind) {
    case 'source':
      return [vertex.chainId, vertex.image?.digest]
    case 'config':
      return [identity(vertex.input)]
    case 'operation': {
      const { digest, outside, reads } = vertex.operation
      // What it reads is told by nothing else before it is read.
      return [digest, identity(outside ? (reads ?? vertex) : vertex.inputs[0]), ...vertex.inputs.map(identity)]
    }
  }
}

function renumber(vertices: readonly { step: Vertex['step'] }[]): void {
  const steps = vertices.flatMap((vertex) => (vertex.step ? [{ vertex, step: vertex.step }] : []))
  steps.sort((a, b) => a.step.index - b.step.index)
  for (const [i, { vertex, step }] of steps.entries()) vertex.step = { ...step, index: i + 1, total: steps.length }
}
