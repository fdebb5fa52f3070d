import type { EvaluatedStage, Step } from '../../evaluated.ts'
import type { SourceRange } from '../../types.ts'
import { commandsOf, type ShellCommand, type ShellWord, scriptsOf } from '../shell.ts'
import type { Edit, RuleText, Subject } from '../types.ts'
import { isOwn, stepsOf } from './places.ts'

/** A call of apt-get or apt. */
interface Apt {
  readonly step: Step
  readonly verb: ShellWord
  readonly words: readonly ShellWord[]
  readonly offset: number | undefined
}

const changing = ['install', 'upgrade', 'dist-upgrade', 'full-upgrade', 'remove', 'purge', 'autoremove', 'build-dep']
const asking = new Set(changing)
const verbs = new Set([...changing, 'update', 'clean', 'autoclean', 'download', 'source'])
const programs = new Set(['apt', 'apt-get', '/usr/bin/apt', '/usr/bin/apt-get'])

/** A RUN instruction with calls of apt, and all that it runs. */
interface AptStep {
  readonly stage: EvaluatedStage
  readonly step: Step
  readonly apts: readonly Apt[]
  readonly all: readonly ShellCommand[]
}

/** All rules look at the same. */
const known = new WeakMap<Subject, readonly AptStep[]>()

function aptSteps(subject: Subject): readonly AptStep[] {
  const before = known.get(subject)
  if (before) return before
  const found: AptStep[] = []
  for (const stage of subject.stages) {
    for (const step of stepsOf(stage, 'run')) {
      if (!isOwn(step)) continue
      const apts: Apt[] = []
      const all: ShellCommand[] = []
      const scripts = scriptsOf(step)
      if (!scripts.some(({ text }) => text.includes('apt'))) continue
      for (const { text, offset } of scripts) {
        for (const command of commandsOf(text)) {
          all.push(command)
          const verb = programs.has(command.words[0]!.text)
            ? command.words.find(({ text }, i) => i > 0 && verbs.has(text))
            : undefined
          if (verb) apts.push({ step, verb, words: command.words, offset })
        }
      }
      if (apts.length > 0) found.push({ stage, step, apts, all })
    }
  }
  known.set(subject, found)
  return found
}

function placeOf({ step, words, offset }: Apt, last: ShellWord): SourceRange | undefined {
  return offset === undefined ? undefined : step.node.line.range(offset + words[0]!.start, offset + last.end)
}

export const aptWithoutYes: RuleText = {
  name: 'AptWithoutYes',
  level: 'advice',
  description: 'apt-get install asks before it installs',
  reason: 'No one can answer in a build: the step fails.',
  fix: 'Write apt-get install -y.',
  bad: 'RUN apt-get update && apt-get install curl',
  good: 'RUN apt-get update && apt-get install -y curl',
  *find(subject) {
    const quiet = /^(-[a-zA-Z]*y[a-zA-Z]*|--yes|--assume-yes|-qq+|--force-yes|--download-only|--simulate|-s|-d)$/
    for (const { step, apts, all } of aptSteps(subject)) {
      for (const apt of apts) {
        if (!asking.has(apt.verb.text)) continue
        if (apt.words.some(({ text }) => quiet.test(text) || text.startsWith('$'))) continue
        if (all.some(({ words }) => words.some(({ text }) => /APT::Get::Assume-Yes/i.test(text)))) continue
        const at = placeOf(apt, apt.verb)
        const message = `${apt.words[0]!.text} ${apt.verb.text} waits for an answer: -y is missing`
        yield { message, range: step.range, at, edits: yesEdit(apt) }
      }
    }
  },
}

function yesEdit({ step, verb, offset }: Apt): readonly Edit[] {
  if (offset === undefined) return []
  const at = step.node.line.offset(offset + verb.end - 1) + 1
  return [{ start: at, end: at, text: ' -y' }]
}

export const aptUpdateAlone: RuleText = {
  name: 'AptUpdateAlone',
  level: 'advice',
  description: 'apt-get update has a layer of its own',
  reason:
    'The layer comes from the cache for as long as the line stays, and later installations look for versions that are gone.',
  fix: 'Put update and install into one RUN.',
  bad: 'RUN apt-get update\nRUN apt-get install -y curl',
  good: 'RUN apt-get update && apt-get install -y curl',
  *find(subject) {
    for (const { step, apts } of aptSteps(subject)) {
      const update = apts.find(({ verb }) => verb.text === 'update')
      if (!update || apts.some(({ verb }) => !/^(update|clean|autoclean)$/.test(verb.text))) continue
      const message = 'The lists that this step leaves grow old in the cache: update and install belong into one RUN'
      yield { message, range: step.range, at: placeOf(update, update.verb) }
    }
  },
}

export const aptListsKept: RuleText = {
  name: 'AptListsKept',
  level: 'advice',
  description: "apt's package lists stay in the layer",
  reason: 'They are tens of megabytes that nothing reads any more.',
  fix: 'End the RUN with && rm -rf /var/lib/apt/lists/*, or mount a cache at /var/lib/apt.',
  bad: 'RUN apt-get update && apt-get install -y curl',
  good: 'RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*',
  *find(subject) {
    const shipped = stagesOf(subject.stages.at(-1))
    for (const { stage, step, apts, all } of aptSteps(subject)) {
      // What is in a stage that only hands out files does not matter.
      if (!shipped.has(stage) || step.instruction.kind !== 'run') continue
      const update = apts.find(({ verb }) => verb.text === 'update')
      if (!update || !apts.some(({ verb }) => verb.text === 'install')) continue
      const removed = all.some(({ words }) => words.some(({ text }) => text.includes('/var/lib/apt')))
      const mounted = step.instruction.flags.some(
        ({ name, value }) => name === 'mount' && value?.includes('/var/lib/apt'),
      )
      if (removed || mounted) continue
      const message = 'The package lists stay in the layer: end the step with rm -rf /var/lib/apt/lists/*'
      yield { message, range: step.range, at: placeOf(update, update.verb) }
    }
  },
}

/** The stages whose layers an image of the stage has. */
function stagesOf(last: EvaluatedStage | undefined): ReadonlySet<EvaluatedStage> {
  const stages = new Set<EvaluatedStage>()
  for (let stage = last; stage; stage = stage.parent) stages.add(stage)
  return stages
}
