import { type CacheMiss, missText, StrakeError } from '../lib/mod.ts'
import { type OperationVertex, type Vertex, verticesBelow } from './graph.ts'

/**
 * What throws `failed` for a step that has to come from the cache and does not. A step is named by its number, by its stage, or
 * by the beginning of its instruction (`RUN npm ci`); `true` stands for all. Throws `not_found` for a name that no
 * step has: a check that looks at nothing is none.
 */
export function requireCached(
  required: true | readonly string[] | undefined,
  tops: readonly Vertex[],
): (vertex: OperationVertex, miss: CacheMiss) => void {
  const names = required === true ? undefined : (required ?? [])
  const vertices = names?.length ? verticesBelow(tops) : []
  for (const name of names ?? []) {
    if (vertices.some((vertex) => vertex.kind === 'operation' && isNamed(vertex, name))) continue
    throw new StrakeError('not_found', `--require-cache=${name}: there is no such step that could be cached`, {
      hint: 'A step is named by its number, by its stage, or by the beginning of its instruction.',
    })
  }
  return (vertex, miss) => {
    if (names && !names.some((name) => isNamed(vertex, name))) return
    const { step, name } = vertex
    const shown = step ? `step ${step.index}/${step.total} : ${step.text}` : name
    throw new StrakeError('failed', `${shown} is not in the cache: ${missText(miss)}`, {
      range: vertex.range,
      hint: 'It was required to be (--require-cache).',
    })
  }
}

function isNamed({ step, stage, name: shown }: OperationVertex, name: string): boolean {
  if (/^\d+$/.test(name)) return step?.index === Number(name)
  if (stage?.toLowerCase() === name.toLowerCase()) return true
  return (step?.text ?? shown).toLowerCase().startsWith(name.toLowerCase())
}
