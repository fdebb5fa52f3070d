import { removeCacheMount } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'cache-mount rm',
  usage: 'NAME|ID [NAME|ID...]',
  summary: 'Remove one or more cache mounts',
  options: {},
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ args, terminal, engine }) {
    await each(args, terminal, async (reference) => {
      removeCacheMount(engine(), reference)
      return reference
    })
    return 0
  },
})
