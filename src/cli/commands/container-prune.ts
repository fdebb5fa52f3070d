import { containerPrune } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { confirm } from '../confirm.ts'

export default command({
  name: 'container prune',
  usage: '[OPTIONS]',
  summary: 'Remove all stopped containers',
  options: {
    filter: { kind: 'list', help: 'Provide filter values (e.g. "until=24h", "label=key=value")' },
    force: { kind: 'boolean', short: 'f', help: 'Do not prompt for confirmation' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    if (!options.force) {
      const question = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?'
      if (!(await confirm(terminal, question))) return 1
    }
    const { ids, bytes: freed } = await containerPrune(engine(), { filters: options.filter })
    if (ids.length > 0) terminal.out(`Deleted Containers:\n${ids.map((id) => `${id}\n`).join('')}\n`)
    terminal.out(`Total reclaimed space: ${bytes(freed, 4)}\n`)
    return 0
  },
})
