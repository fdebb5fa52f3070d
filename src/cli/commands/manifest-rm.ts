import { manifestRemove } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'manifest rm',
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  summary: 'Forget one or more indexes that were begun',
  options: {},
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      manifestRemove(engine(), name)
      return undefined
    })
    return 0
  },
})
