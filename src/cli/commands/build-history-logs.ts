import { type BuildRecord, findBuildRecord, type StepRecord, stepLog } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { printable } from '../display.ts'

export default command({
  name: 'build history logs',
  usage: '[OPTIONS] [BUILD]',
  summary: 'Show the whole log of a build or of one of its steps',
  options: {
    step: {
      kind: 'string',
      value: 'step',
      help: 'Only the log of this step (its number, or its id), as it was written',
    },
  },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal, engine }) {
    const build = findBuildRecord(engine(), args[0])
    if (options.step !== undefined) {
      const step = findStep(build, options.step)
      terminal.out(stepLog(engine(), build, step.id) ?? '')
      return 0
    }
    for (const step of build.steps) {
      const log = stepLog(engine(), build, step.id)
      if (!log && !step.error) continue
      terminal.out(`${heading(step)}\n`)
      if (log?.length) terminal.out(log.at(-1) === 10 ? log : Buffer.concat([log, Buffer.from('\n')]))
      if (step.error) terminal.out(`ERROR: ${printable(step.error)}\n`)
    }
    return 0
  },
})

function heading({ step, name }: StepRecord): string {
  return printable(step ? `Step ${step.index}/${step.total} : ${step.text}` : name)
}

function findStep(build: BuildRecord, name: string): StepRecord {
  const found = build.steps.find(({ id, step }) => id === name || String(step?.index) === name)
  if (found) return found
  throw new StrakeError('not_found', `the build ${build.id} has no step ${JSON.stringify(name)}`, {
    hint: 'Its steps are listed by: strake build history inspect',
  })
}
