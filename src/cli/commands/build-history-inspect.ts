import { type BuildRecord, findBuildRecord, profileOf, type StepRecord, traceOf } from '../../engine/mod.ts'
import { alignCells, duration, missText, StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { printable } from '../display.ts'
import { rfc3339 } from '../listing.ts'
import { profileReport } from '../profile-report.ts'
import { countSteps, statusWords } from './build-history-ls.ts'

export default command({
  name: 'build history inspect',
  usage: '[OPTIONS] [BUILD]',
  summary: 'Show all that is known of a build',
  examples: [
    'strake build history inspect                        the latest build',
    'strake build history inspect ^1                     the one before it',
    'strake build history inspect --format chrome > t.json   for the performance view of a browser',
  ],
  options: {
    format: {
      kind: 'string',
      help: 'pretty, json, or a trace: otlp (OpenTelemetry JSON), chrome',
      default: 'pretty',
    },
  },
  args: { min: 0, max: 1 },
  async run({ options: { format = 'pretty' }, args, terminal, engine }) {
    const build = findBuildRecord(engine(), args[0])
    if (format === 'json') terminal.out(`${JSON.stringify(build, null, 2)}\n`)
    else if (format === 'otlp' || format === 'chrome') terminal.out(traceOf(build, format))
    else if (format === 'pretty') terminal.out(report(build))
    else {
      const hint = 'It is pretty, json, otlp or chrome.'
      throw new StrakeError('invalid', `--format ${format} is not known`, { hint })
    }
    return 0
  },
})

/** Instructions by their numbers, the others where they came up. */
function inOrder(steps: BuildRecord['steps']): StepRecord[] {
  return [...steps].sort((a, b) => (a.step && b.step ? a.step.index - b.step.index : 0))
}

function report(build: BuildRecord): string {
  const { cached, total } = countSteps(build)
  const end = build.endedAt === undefined ? undefined : duration((build.endedAt - build.startedAt) / 1000)
  const head = [
    ['Build', build.id],
    ['Name', build.name],
    ['Context', build.context],
    ['Dockerfile', build.file],
    ['Target', build.targets.join(', ')],
    ['Tags', build.tags.join(', ')],
    ['Status', statusWords[build.status]],
    ['Error', build.error?.message ?? ''],
    ['Started', rfc3339(build.startedAt)],
    ['Duration', end ?? ''],
    ['Steps', `${total}, ${cached} cached`],
    ['Image', build.image ?? ''],
  ].filter(([, value]) => value !== '')
  const steps = inOrder(build.steps).map(({ id, step, name, state, miss, from }) => {
    const shown = printable(name).replaceAll('\n', ' ')
    const why = miss ? ` (not cached: ${printable(missText(miss))})` : from ? ` (from ${printable(from)})` : ''
    return `${step?.index ?? id}\t${state}\t${shown}${why}`
  })
  return [
    ...alignCells(head.map(([key, value]) => `${key}:\t${printable(value!).replaceAll('\n', ' ')}`)),
    '',
    ...alignCells(['STEP\tSTATE\tNAME', ...steps]),
    '',
    profileReport(profileOf(build)),
  ].join('\n')
}
