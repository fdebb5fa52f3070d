import { builderPrune } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { cacheTable } from '../cache-table.ts'
import { command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { byteSize } from '../option-values.ts'

export default command({
  name: 'builder prune',
  usage: '[OPTIONS]',
  summary: 'Remove build cache',
  examples: [
    'strake builder prune                            what no image needs',
    'strake builder prune -a -f                      all of it, without asking',
    'strake builder prune --filter unused-for=168h   what was not used for a week',
    'strake builder prune --filter type=exec.cachemount',
    'strake builder prune --max-used-space 20GB      what was used longest ago, until 20 GB are left',
  ],
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Remove all build cache, not just what no image needs' },
    filter: { kind: 'list', value: 'filter', help: 'Provide filter values (e.g. "unused-for=24h")' },
    force: { kind: 'boolean', short: 'f', help: 'Do not prompt for confirmation' },
    'max-used-space': {
      kind: 'string',
      value: 'bytes',
      help: 'Maximum amount of disk space allowed to keep for cache',
    },
    'min-free-space': { kind: 'string', value: 'bytes', help: 'Target amount of free disk space after pruning' },
    'reserved-space': {
      kind: 'string',
      value: 'bytes',
      help: 'Amount of disk space always allowed to keep for cache',
    },
    'keep-storage': { kind: 'string', value: 'bytes', help: 'The old name of --reserved-space', hidden: true },
    verbose: { kind: 'boolean', help: 'Provide a more verbose output' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { all = false, filter, force = false, verbose } = options
    const old = options['keep-storage']
    if (old !== undefined) {
      terminal.err('Flag --keep-storage has been deprecated, keep-storage flag has been changed to reserved-space\n')
    }
    const size = (text: string | undefined) => (text === undefined ? undefined : byteSize(text))
    const limits = {
      reservedSpace: size(options['reserved-space'] ?? old),
      maxUsedSpace: size(options['max-used-space']),
      minFreeSpace: size(options['min-free-space']),
    }
    const warning = `WARNING! This will remove all ${all ? '' : 'dangling '}build cache. Are you sure you want to continue?`
    if (!force && !(await confirm(terminal, warning))) return 0
    const { records, bytes: freed } = builderPrune(engine(), { all, filters: filter, ...limits })
    if (records.length) terminal.out(cacheTable(records, verbose ? 'pretty' : 'table'))
    terminal.out(`Total:\t${bytes(freed, 4)}\n`)
    return 0
  },
})
