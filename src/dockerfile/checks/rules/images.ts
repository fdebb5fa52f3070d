import { StrakeError } from '../../../lib/mod.ts'
import { parseReference } from '../../../oci/mod.ts'
import type { EvaluatedStage } from '../../evaluated.ts'
import type { RuleText } from '../types.ts'
import { stepsOf } from './places.ts'

export const latestBaseImage: RuleText = {
  name: 'LatestBaseImage',
  level: 'advice',
  description: 'A base image is named without a tag, or by the tag latest',
  reason: 'It is another image tomorrow, and the same file builds something else.',
  fix: 'Write the version that you mean.',
  bad: 'FROM debian',
  good: 'FROM debian:bookworm',
  *find({ stages }) {
    for (const { node, from, base, parent } of stages) {
      if (parent || base === 'scratch' || !isLatest(base)) continue
      const message = /:latest$/.test(base)
        ? `${base} is another image tomorrow: name a version`
        : `${base} has no tag, which means latest: name a version`
      yield { message, range: node.range, at: from.image.range }
    }
  },
}

function isLatest(base: string): boolean {
  try {
    const { tag, digest } = parseReference(base)
    return tag === 'latest' && digest === undefined
  } catch (error) {
    if (error instanceof StrakeError) return false
    throw error
  }
}

export const runsAsRoot: RuleText = {
  name: 'RunsAsRoot',
  level: 'advice',
  description: 'The program of the image runs as root',
  reason: 'Whoever breaks into it is root in the container, and what it writes into mounted folders belongs to root.',
  fix: 'Make a user and switch to it with USER before CMD or ENTRYPOINT.',
  bad: 'FROM python:3.12\nCMD ["python", "app.py"]',
  good: 'FROM python:3.12\nRUN useradd --create-home app\nUSER app\nCMD ["python", "app.py"]',
  *find({ stages }) {
    const last = stages.at(-1)
    const start = last && stepsOf(last, 'cmd', 'entrypoint').at(-1)
    if (!last || !start) return
    const user = userOf(last)
    if (user === undefined || !/^(root|0)?(:|$)/.test(user.name)) return
    const message = user.written
      ? `The program runs as ${user.name || 'root'}`
      : 'The program runs as root: USER is missing'
    yield { message, range: start.range }
  },
}

/** Who programs of a stage run as. Undefined where that can't be known. */
function userOf(last: EvaluatedStage): { readonly name: string; readonly written: boolean } | undefined {
  let stage = last
  for (;;) {
    const own = stage.byKind.get('user')?.at(-1)
    if (own) return { name: own.words[0] ?? '', written: true }
    if (!stage.parent) break
    stage = stage.parent
  }
  if (stage.facts) return { name: stage.facts.user ?? '', written: false }
  return /nonroot|rootless|unprivileged/.test(stage.base) ? undefined : { name: '', written: false }
}
