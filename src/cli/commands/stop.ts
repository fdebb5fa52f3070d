import { stop } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'
import { stopOptions } from '../stop-options.ts'

export default command({
  name: 'stop',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  options: stopOptions,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      await stop(engine(), name, { timeout: options.timeout ?? options.time, signal: options.signal })
      return name
    })
    return 0
  },
})
