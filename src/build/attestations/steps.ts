import type { Step } from '../../attest/mod.ts'
import { type Descriptor, digestOf, type Platform } from '../../oci/mod.ts'
import type { Vertex } from '../graph.ts'
import type { Definition } from '../operations/definition.ts'

/**
 * The steps of a graph as provenance has them, each after those that it needs: what BuildKit's LLB would be for it.
 *
 * @param layers those of the image, the lowest first
 */
export function stepsOf(top: Vertex, platform: Platform, layers: readonly Descriptor[]): Step[] {
  const steps: Step[] = []
  const known = new Map<string, number>()
  const made = layersOf(top, layers)
  const { architecture: Architecture, os: OS, variant: Variant } = platform
  const on = { platform: { Architecture, OS, ...(Variant && { Variant }) }, constraints: {} }

  function add(op: object, inputs: readonly number[], more: Partial<Pick<Step, 'lines' | 'layers'>> = {}): number {
    const digest = digestOf(JSON.stringify([op, inputs.map((input) => steps[input]!.digest)]))
    const same = known.get(digest)
    if (same !== undefined) return same
    steps.push({ op, digest, inputs, lines: undefined, layers: undefined, ...more })
    known.set(digest, steps.length - 1)
    return steps.length - 1
  }

  const source = (identifier: string, of: object = { constraints: {} }) =>
    add({ Op: { source: { identifier } }, ...of }, [])

  const places = new Map<Vertex, number>()
  /** Its place; -1 for nothing. */
  function visit(vertex: Vertex): number {
    if (vertex.kind === 'config') return visit(vertex.input)
    let place = places.get(vertex)
    if (place === undefined) {
      place = step(vertex)
      places.set(vertex, place)
    }
    return place
  }

  function step(vertex: Exclude<Vertex, { kind: 'config' }>): number {
    if (vertex.kind === 'source') {
      const { image } = vertex
      if (!image) return -1
      const op = { Op: { source: { identifier: `docker-image://${image.manifest}` } }, ...on }
      return add(op, [], { layers: made.get(vertex) })
    }
    const { definition } = vertex.operation
    const inputs = vertex.inputs.map(visit)
    const sources = definition.sources.map((identifier) => source(identifier))
    const present = [...new Set([...inputs.filter((input) => input >= 0), ...sources])]
    const at = (of: readonly number[]) => of.map((place) => present.indexOf(place))
    const { range } = vertex
    return add({ Op: definition.op(at(inputs), at(sources)), ...on }, present, {
      lines: range && { start: range.start.line, end: range.end.line },
      layers: made.get(vertex),
    })
  }

  const result = visit(top)
  // BuildKit's last one names the result.
  if (result >= 0) add({ Op: {} }, [result])
  return steps
}

/** The image's layers up to each of the steps that made one: those that its own stand on, first inputs all. */
function layersOf(top: Vertex, layers: readonly Descriptor[]): Map<Vertex, readonly Descriptor[]> {
  const made = new Map<Vertex, readonly Descriptor[]>()
  let count = layers.length
  for (let vertex = top; count > 0; ) {
    if (vertex.kind === 'config') {
      vertex = vertex.input
      continue
    }
    made.set(vertex, layers.slice(0, count--))
    if (vertex.kind === 'source') break
    vertex = vertex.inputs[0]
  }
  return made
}

/** All that is done in a graph. */
export function definitionsOf(top: Vertex): Definition[] {
  const seen = new Set<Vertex>()
  const found: Definition[] = []
  const visit = (vertex: Vertex) => {
    if (seen.has(vertex)) return
    seen.add(vertex)
    if (vertex.kind === 'config') visit(vertex.input)
    if (vertex.kind !== 'operation') return
    vertex.inputs.forEach(visit)
    found.push(vertex.operation.definition)
  }
  visit(top)
  return found
}
