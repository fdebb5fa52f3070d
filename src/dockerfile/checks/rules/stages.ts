import type { RuleText } from '../types.ts'
import { tokenRange } from './places.ts'

export const duplicateStageName: RuleText = {
  name: 'DuplicateStageName',
  level: 'warning',
  description: 'Stage names should be unique',
  reason: 'A later stage hides an earlier one of the same name: COPY --from and FROM get the one nobody expects.',
  fix: 'Give each stage a name of its own.',
  bad: 'FROM debian:12 AS build\nFROM golang:1 AS build',
  good: 'FROM debian:12 AS tools\nFROM golang:1 AS build',
  *find({ stages }) {
    const seen = new Set<string>()
    for (const { stage, node } of stages) {
      if (stage.name === undefined) continue
      if (seen.has(stage.name)) {
        const message = `Duplicate stage name ${JSON.stringify(stage.name)}, stage names should be unique`
        yield { message, range: node.range, at: tokenRange(node, node.args[2]!) }
      }
      seen.add(stage.name)
    }
  },
}

export const reservedStageName: RuleText = {
  name: 'ReservedStageName',
  level: 'warning',
  description: 'Reserved words should not be used as stage names',
  reason: '"scratch" is the empty image and "context" the build context: a stage of that name can\'t be reached.',
  fix: 'Choose another name.',
  bad: 'FROM alpine:3 AS scratch',
  good: 'FROM alpine:3 AS builder',
  *find({ stages }) {
    for (const { stage, node } of stages) {
      if (stage.name !== 'scratch' && stage.name !== 'context') continue
      const message = `Stage name should not use the same name as reserved stage ${JSON.stringify(stage.name)}`
      yield { message, range: node.range, at: tokenRange(node, node.args[2]!) }
    }
  },
}
