import type { Node } from '../../nodes.ts'
import type { Edit, RuleText } from '../types.ts'
import { editOf, tokenRange } from './places.ts'

const isLower = (text: string) => text === text.toLowerCase()
const isUpper = (text: string) => text === text.toUpperCase()

export const stageNameCasing: RuleText = {
  name: 'StageNameCasing',
  level: 'warning',
  description: 'Stage names should be lowercase',
  reason:
    'Instructions are written in capitals. A stage name in small letters is not taken for one, and names are compared without regard to case anyway.',
  fix: 'Write the name in small letters.',
  bad: 'FROM alpine:3 AS BuildBase',
  good: 'FROM alpine:3 AS build-base',
  *find({ stages }) {
    for (const { node } of stages) {
      const name = node.args[2]
      if (!name || isLower(name.text)) continue
      yield {
        message: `Stage name '${name.text}' should be lowercase`,
        range: node.range,
        at: tokenRange(node, name),
        edits: editOf(node, name, name.text.toLowerCase()),
      }
    }
  },
}

export const fromAsCasing: RuleText = {
  name: 'FromAsCasing',
  level: 'warning',
  description: "The 'as' keyword should match the case of the 'from' keyword",
  reason: 'Keywords in one case are easier to tell from names.',
  fix: 'Write both in capitals, or both in small letters.',
  bad: 'FROM alpine:3 as build',
  good: 'FROM alpine:3 AS build',
  *find({ stages }) {
    for (const { node } of stages) {
      const { keyword } = node
      const as = node.args[1]
      if (!as) continue
      const lower = isLower(keyword.text)
      if (!lower && !isUpper(keyword.text)) continue
      if (lower ? isLower(as.text) : isUpper(as.text)) continue
      yield {
        message: `'${as.text}' and '${keyword.text}' keywords' casing do not match`,
        range: node.range,
        at: tokenRange(node, as),
        edits: editOf(node, as, lower ? 'as' : 'AS'),
      }
    }
  },
}

export const consistentInstructionCasing: RuleText = {
  name: 'ConsistentInstructionCasing',
  level: 'warning',
  description: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  reason:
    'One case throughout makes a file easier to read. The one that most instructions have is taken for the right one.',
  fix: 'Write all instructions in capitals.',
  bad: 'FROM alpine:3\nRUN true\ncopy . /app',
  good: 'FROM alpine:3\nRUN true\nCOPY . /app',
  *find({ document, globals }) {
    // ARGs before the first FROM do not count.
    const nodes = document.nodes.slice(globals.length)
    let lower = 0
    let upper = 0
    for (const { name, keyword } of nodes) {
      if (keyword.text === name) lower++
      else if (isUpper(keyword.text)) upper++
    }
    if (lower === nodes.length || upper === nodes.length) return
    const name = lower > upper ? 'lowercase' : 'uppercase'
    const change = (text: string) => (lower > upper ? text.toLowerCase() : text.toUpperCase())
    for (const node of nodes) {
      const { text } = node.keyword
      if (text === change(text)) continue
      yield {
        message: `Command '${text}' should match the case of the command majority (${name})`,
        range: node.range,
        at: tokenRange(node, node.keyword),
        edits: [...editOf(node, node.keyword, change(text)), ...asEdit(node, change)],
      }
    }
  },
}

/** FROM and its AS change together. */
function asEdit(node: Node, change: (text: string) => string): readonly Edit[] {
  const as = node.name === 'from' ? node.args[1] : undefined
  return as ? editOf(node, as, change(as.text)) : []
}
