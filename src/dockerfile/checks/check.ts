import { evaluate } from '../evaluate.ts'
import { type Document, readDocument } from '../nodes.ts'
import { reachable, stageNamed } from '../outline.ts'
import { parseDocument } from '../parse.ts'
import { Source } from '../source.ts'
import type { Dockerfile, SourceRange } from '../types.ts'
import { readDirective } from './directive.ts'
import { rules } from './table.ts'
import type { CheckOptions, CheckResult, Finding, Rule, Subject } from './types.ts'

/**
 * Looks for what is allowed in a Dockerfile and still most often a mistake: with Docker's build checks (`warning`) and with
 * rules of our own (`advice`). The directive `# check=skip=RULE,…;experimental=RULE,…;error=true` is obeyed.
 *
 * @throws `invalid` for a file that is no Dockerfile, as `parseDockerfile`, and for a wrong directive
 */
export function checkDockerfile(text: string | Uint8Array, options: CheckOptions = {}): CheckResult {
  const document = readDocument(text, options.file ?? 'Dockerfile')
  return checkDocument(document, parseDocument(document), options)
}

/**
 * As `checkDockerfile`, for a file that has been read.
 *
 * @throws `invalid` for a wrong directive
 */
export function checkDocument(
  document: Document,
  dockerfile: Dockerfile,
  options: Omit<CheckOptions, 'file'>,
): CheckResult {
  const { skip = [] } = options
  const directive = readDirective(dockerfile, options.buildArgs)
  const skips = ({ name }: Rule) => directive.skip === 'all' || directive.skip.includes(name) || skip.includes(name)
  const asked = ({ name, experimental }: Rule) =>
    !experimental || directive.experimental === 'all' || directive.experimental.includes(name)
  const subject = { ...evaluate(document, dockerfile, options), ignore: options.ignore ?? [] }
  const built = options.targets ? { ...subject, stages: builtStages(subject, options.targets) } : subject
  const findings: Finding[] = []
  for (const rule of rules) {
    if (skips(rule) || !asked(rule)) continue
    const { name, level, description, url } = rule
    for (const { message, range, at = range, edits = [] } of rule.find(rule.reached ? built : subject)) {
      findings.push({ rule: name, level, message, description, url, range, at, edits })
    }
  }
  findings.sort((a, b) => order(a.range, b.range))
  const warned = findings.filter(({ level }) => level === 'warning').map(({ rule }) => rule)
  const failure =
    directive.error && warned.length > 0
      ? `lint violation found for rules: ${[...new Set(warned)].join(', ')}`
      : undefined
  return { findings, failure }
}

/** The targets (the last stage where one is '') and what they need; all stages where there is no such target. */
function builtStages(subject: Subject, targets: readonly string[]): Subject['stages'] {
  const built = new Set<Subject['stages'][number]>()
  for (const target of targets) {
    const found = target === '' ? subject.stages.at(-1) : stageNamed(subject.stages, target)
    if (!found) return subject.stages
    for (const stage of reachable(subject, found)) built.add(stage)
  }
  return subject.stages.filter((stage) => built.has(stage))
}

const order = (a: SourceRange, b: SourceRange) => a.start.line - b.start.line || a.start.column - b.start.column

/** How often what was put right may uncover more to put right. */
const mostRounds = 10

/**
 * Puts right what can be put right without a person: the edits of all findings, and of those that then come up.
 *
 * @returns the text without its byte order mark; what is left says `checkDockerfile`
 * @throws as `checkDockerfile`
 */
export function fixDockerfile(text: string | Uint8Array, options: CheckOptions = {}): string {
  let fixed = new Source(text, '').text
  for (let round = 0; round < mostRounds; round++) {
    const edits = checkDockerfile(fixed, options).findings.flatMap((finding) => [finding.edits])
    const next = applied(
      fixed,
      edits.filter((edit) => edit.length > 0),
    )
    if (next === fixed) break
    fixed = next
  }
  return fixed
}

/** Carries out edits that go together, all or none; those that touch the ones before them wait for the next round. */
function applied(text: string, groups: readonly Finding['edits'][]): string {
  const chosen: { start: number; end: number; text: string }[] = []
  for (const group of groups) {
    const free = group.every((edit) => chosen.every((other) => edit.end < other.start || edit.start > other.end))
    if (free) chosen.push(...group)
  }
  let result = text
  for (const edit of chosen.sort((a, b) => b.start - a.start)) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end)
  }
  return result
}
