import type { EvaluatedStage, Step } from '../../evaluated.ts'
import type { RuleText } from '../types.ts'
import { isOwn, stepsOf, tokenRange } from './places.ts'

export const jsonArgsRecommended: RuleText = {
  name: 'JSONArgsRecommended',
  level: 'warning',
  reached: true,
  description: 'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  reason:
    'In shell form a shell is process 1: it does not pass SIGTERM on, so the program is killed hard when the container stops.',
  fix: 'Write the command as a JSON array, or name the shell with SHELL if it is meant.',
  bad: 'CMD python app.py',
  good: 'CMD ["python", "app.py"]',
  *find({ stages }) {
    const withShell = stagesWithShell(stages)
    for (const checked of stages) {
      let shell = inheritsShell(checked, withShell)
      for (const step of stepsOf(checked, 'shell', 'cmd', 'entrypoint')) {
        const { node, instruction, range } = step
        if (instruction.kind === 'shell') shell = instruction.shell.length > 0
        if (instruction.kind !== 'cmd' && instruction.kind !== 'entrypoint') continue
        if (instruction.command.form === 'exec' || shell) continue
        yield {
          message: `JSON arguments recommended for ${node.keyword.text} to prevent unintended behavior related to OS signals`,
          range,
          at: isOwn(step) ? tokenRange(node, node.rest.text === '' ? node.keyword : node.rest) : undefined,
        }
      }
    }
  },
}

/** The stages that leave a shell of their own, or that of their base, to those based on them. */
function stagesWithShell(stages: readonly EvaluatedStage[]): ReadonlySet<EvaluatedStage> {
  const found = new Set<EvaluatedStage>()
  for (const stage of stages) {
    const last = stage.byKind.get('shell')?.at(-1)?.instruction
    if (last?.kind === 'shell' ? last.shell.length > 0 : inheritsShell(stage, found)) found.add(stage)
  }
  return found
}

function inheritsShell({ parent, facts }: EvaluatedStage, withShell: ReadonlySet<EvaluatedStage>): boolean {
  return (parent !== undefined && withShell.has(parent)) || (facts?.shell?.length ?? 0) > 0
}

export const multipleInstructionsDisallowed: RuleText = {
  name: 'MultipleInstructionsDisallowed',
  level: 'warning',
  reached: true,
  description: 'Multiple instructions of the same type should not be used in the same stage',
  reason: 'Only the last CMD, ENTRYPOINT and HEALTHCHECK of a stage counts; the others do nothing.',
  fix: 'Keep the last one.',
  bad: 'CMD ["a"]\nCMD ["b"]',
  good: 'CMD ["b"]',
  *find({ stages }) {
    for (const stage of stages) {
      const before = new Map<string, Step>()
      for (const step of stepsOf(stage, 'cmd', 'entrypoint', 'healthcheck')) {
        const { kind } = step.instruction
        const previous = before.get(kind)
        before.set(kind, step)
        if (!previous) continue
        const name = step.node.keyword.text
        const message = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`
        yield { message, range: previous.range }
      }
    }
  },
}

export const workdirRelativePath: RuleText = {
  name: 'WorkdirRelativePath',
  level: 'warning',
  reached: true,
  description:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  reason: 'It goes on from the working directory of the base image, which may be another one tomorrow.',
  fix: 'Write the whole path.',
  bad: 'FROM nginx\nWORKDIR usr/share/nginx/html',
  good: 'FROM nginx\nWORKDIR /usr/share/nginx/html',
  *find({ stages }) {
    const done = new Set<EvaluatedStage>()
    for (const checked of stages) {
      let set = checked.parent !== undefined && done.has(checked.parent)
      for (const step of stepsOf(checked, 'workdir')) {
        const { node, range, words } = step
        const path = words[0] ?? ''
        if (!set && !path.startsWith('/')) {
          const message = `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`
          yield { message, range, at: isOwn(step) ? tokenRange(node, node.args[0]!) : undefined }
        }
        set = true
      }
      if (set) done.add(checked)
    }
  },
}
