import { imagePrune } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { confirm } from '../confirm.ts'

export default command({
  name: 'image prune',
  usage: '[OPTIONS]',
  summary: 'Remove unused images',
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Remove all unused images, not just dangling ones' },
    filter: { kind: 'list', value: 'filter', help: 'Provide filter values (e.g. "until=24h", "label=KEY")' },
    force: { kind: 'boolean', short: 'f', help: 'Do not prompt for confirmation' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { all, filter, force } = options
    const what = all ? 'all images without at least one container associated to them' : 'all dangling images'
    if (!force && !(await confirm(terminal, `WARNING! This will remove ${what}.\nAre you sure you want to continue?`)))
      return 0
    const { untagged, deleted, bytes: freed } = imagePrune(engine(), { all, filters: filter })
    if (deleted.length > 0) {
      terminal.out('Deleted Images:\n')
      for (const name of untagged) terminal.out(`untagged: ${name}\n`)
      for (const id of deleted) terminal.out(`deleted: ${id}\n`)
      terminal.out('\n')
    }
    terminal.out(`Total reclaimed space: ${bytes(freed, 4)}\n`)
    return 0
  },
})
