import { builderDu } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { cacheTable } from '../cache-table.ts'
import { command } from '../command.ts'

export default command({
  name: 'builder du',
  usage: '[OPTIONS]',
  summary: 'Show what the build cache takes of the disk',
  examples: [
    'strake builder du --filter type=exec.cachemount',
    "strake builder du --format '{{.ID}} {{.Size}} {{.Description}}'",
  ],
  options: {
    filter: { kind: 'list', value: 'filter', help: 'Provide filter values (e.g. "unused-for=24h", "inuse=false")' },
    format: { kind: 'string', help: "Format the output: 'table', 'table TEMPLATE', 'pretty', 'json' or a Go template" },
    verbose: { kind: 'boolean', help: 'Shorthand for "--format=pretty"' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { filter, verbose, format = verbose ? 'pretty' : 'table' } = options
    const { items, ...sums } = builderDu(engine(), { filters: filter })
    terminal.out(cacheTable(items, format))
    if (format !== 'table' && format !== 'pretty') return 0
    if (sums.shared > 0) {
      terminal.out(`Shared:\t\t${bytes(sums.shared, 4)}\nPrivate:\t${bytes(sums.private, 4)}\n`)
    }
    terminal.out(`Reclaimable:\t${bytes(sums.reclaimable, 4)}\nTotal:\t\t${bytes(sums.shared + sums.private, 4)}\n`)
    return 0
  },
})
