import { removeVolume } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'volume rm',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Remove one or more volumes',
  options: { force: { kind: 'boolean', short: 'f', help: 'Say nothing of volumes that are not there' } },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      try {
        removeVolume(engine(), name)
      } catch (error) {
        if (!(options.force && error instanceof StrakeError && error.code === 'not_found')) throw error
      }
      return name
    })
    return 0
  },
})
