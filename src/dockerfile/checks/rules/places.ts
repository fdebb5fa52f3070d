import type { EvaluatedStage, Step } from '../../evaluated.ts'
import type { Node } from '../../nodes.ts'
import type { Token } from '../../source.ts'
import type { Instruction, SourceRange } from '../../types.ts'
import type { Edit } from '../types.ts'

/** Where a token of an instruction stands. */
export const tokenRange = (node: Node, { start, end }: Token): SourceRange => node.line.range(start, end)

/** `text` instead of a token. Nothing where the token goes on over several lines. */
export function editOf({ line }: Node, { start, end }: Pick<Token, 'start' | 'end'>, text: string): readonly Edit[] {
  if (line.breaks(start, end - 1).length > 0) return []
  const from = line.offset(start)
  return [{ start: from, end: end > start ? line.offset(end - 1) + 1 : from, text }]
}

/** The steps of a stage that are of these kinds, in order. */
export function stepsOf({ byKind }: EvaluatedStage, ...kinds: Instruction['kind'][]): readonly Step[] {
  const found = kinds.map((kind) => byKind.get(kind) ?? []).filter(({ length }) => length > 0)
  return found.length > 1 ? found.flat().sort((a, b) => a.index - b.index) : (found[0] ?? [])
}

/** Whether the step stands in the file itself, and is not brought by ONBUILD. */
export const isOwn = ({ node, range }: Step): boolean => range === node.range
