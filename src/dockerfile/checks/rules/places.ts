import type { EvaluatedStage, Step } from '../../evaluated.ts'
import type { Node } from '../../nodes.ts'
import type { Token } from '../../source.ts'
import type { SourceRange } from '../../types.ts'
import type { Edit } from '../types.ts'

/** Where a token of an instruction stands. */
export const tokenRange = (node: Node, { start, end }: Token): SourceRange => node.line.range(start, end)

/** `text` instead of a token. Nothing where the token goes on over several lines. */
export function editOf({ line }: Node, { start, end }: Pick<Token, 'start' | 'end'>, text: string): readonly Edit[] {
  if (line.breaks(start, end - 1).length > 0) return []
  const from = line.offset(start)
  return [{ start: from, end: end > start ? line.offset(end - 1) + 1 : from, text }]
}

/** The file's own instructions of a stage, without those that ONBUILD brings. */
export function ownSteps({ steps, from }: EvaluatedStage): readonly Step[] {
  return steps.filter(({ range }) => range !== from.range)
}

/** FROM and the instructions of all stages, in order. */
export function* nodesOf(stages: readonly EvaluatedStage[]): Iterable<Node> {
  for (const stage of stages) {
    yield stage.node
    for (const { node } of ownSteps(stage)) yield node
  }
}
