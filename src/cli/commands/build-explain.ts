import { findBuildRecord } from '../../engine/mod.ts'
import { missText } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { printable } from '../display.ts'
import { countSteps } from './build-history-ls.ts'

export default command({
  name: 'build explain',
  usage: '[OPTIONS] [BUILD]',
  summary: 'Say why steps of a build were not cached',
  examples: [
    'strake build explain        the latest build (where no folder is named "explain", which is built then)',
    'strake builder explain     the same, whatever folders there are',
  ],
  options: {
    format: { kind: 'string', help: 'text or json', default: 'text' },
  },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal, engine }) {
    const build = findBuildRecord(engine(), args[0])
    const missed = build.steps.filter(({ miss }) => miss)
    if (options.format === 'json') {
      terminal.out(`${JSON.stringify({ build: build.id, steps: missed }, null, 2)}\n`)
      return 0
    }
    for (const { step, name, miss } of missed) {
      terminal.out(`${printable(step ? `Step ${step.index}/${step.total} : ${step.text}` : name)}\n`)
      terminal.out(` ---> Not cached: ${printable(missText(miss!))}\n`)
    }
    const { cached, total } = countSteps(build)
    terminal.out(`${cached} of ${total} steps came from the cache\n`)
    return 0
  },
})
