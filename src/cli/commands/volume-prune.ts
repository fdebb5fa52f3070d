import { pruneVolumes } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { confirm } from '../confirm.ts'

export default command({
  name: 'volume prune',
  usage: '[OPTIONS]',
  summary: 'Remove unused volumes',
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Remove all unused volumes, not just anonymous ones' },
    force: { kind: 'boolean', short: 'f', help: 'Do not prompt for confirmation' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { all = false, force } = options
    if (!force) {
      const which = all ? 'all local volumes' : 'anonymous local volumes'
      const question = `WARNING! This will remove ${which} not used by at least one container.\nAre you sure you want to continue?`
      if (!(await confirm(terminal, question))) return 1
    }
    const { names, bytes: freed } = pruneVolumes(engine(), { all })
    if (names.length > 0) terminal.out(`Deleted Volumes:\n${names.map((name) => `${name}\n`).join('')}\n`)
    terminal.out(`Total reclaimed space: ${bytes(freed, 4)}\n`)
    return 0
  },
})
