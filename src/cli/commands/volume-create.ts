import { createVolume } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { pairs } from '../option-values.ts'

export default command({
  name: 'volume create',
  usage: '[OPTIONS] [VOLUME]',
  summary: 'Create a volume',
  options: {
    driver: { kind: 'string', short: 'd', help: 'Specify volume driver name', default: 'local' },
    label: { kind: 'list', help: 'Set metadata for a volume' },
    name: { kind: 'string', help: 'Specify volume name', hidden: true },
  },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal, engine }) {
    const { driver = 'local', label } = options
    if (driver !== 'local') throw new StrakeError('not_found', `plugin "${driver}" not found`)
    const name = args[0] ?? options.name
    const volume = createVolume(engine(), { ...(name !== undefined && { name }), labels: pairs(label) })
    terminal.out(`${volume.name}\n`)
    return 0
  },
})
