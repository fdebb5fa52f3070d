import { builderPrune } from '../../engine/mod.ts'
import { bytes, since } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { confirm } from '../confirm.ts'

export default command({
  name: 'builder prune',
  usage: '[OPTIONS]',
  summary: 'Remove build cache',
  examples: [
    'strake builder prune                            what no image needs',
    'strake builder prune -a -f                      all of it, without asking',
    'strake builder prune --filter unused-for=168h   what was not used for a week',
    'strake builder prune --filter type=exec.cachemount',
  ],
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Remove all build cache, not just what no image needs' },
    filter: { kind: 'list', value: 'filter', help: 'Provide filter values (e.g. "unused-for=24h")' },
    force: { kind: 'boolean', short: 'f', help: 'Do not prompt for confirmation' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { all = false, filter, force = false } = options
    const warning = `WARNING! This will remove all ${all ? '' : 'dangling '}build cache. Are you sure you want to continue?`
    if (!force && !(await confirm(terminal, warning))) return 0
    const { records, bytes: freed } = builderPrune(engine(), { all, filters: filter })
    const now = Date.now()
    for (const { id, size, usedAt, description } of records) {
      const facts = [id.padEnd(8), bytes(size, 4).padEnd(10), `${since(now - usedAt)} ago`.padEnd(20)]
      terminal.out(`${facts.join('')}${description}\n`)
    }
    terminal.out(`Total:\t${bytes(freed, 4)}\n`)
    return 0
  },
})
