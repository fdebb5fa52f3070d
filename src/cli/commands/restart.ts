import { restart } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'
import { stopOptions } from '../stop-options.ts'

export default command({
  name: 'restart',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Restart one or more containers',
  options: stopOptions,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      const started = await restart(engine(), name, {
        timeout: options.timeout ?? options.time,
        signal: options.signal,
      })
      started.release()
      return name
    })
    return 0
  },
})
