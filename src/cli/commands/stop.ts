import { stop } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'stop',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Stop one or more running containers',
  options: {
    timeout: { kind: 'number', short: 't', help: 'Seconds to wait before killing the container (default: 10)' },
    time: { kind: 'number', help: 'Seconds to wait before killing the container', hidden: true },
    signal: { kind: 'string', short: 's', help: 'Signal to send to the container' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      await stop(engine(), name, { timeout: options.timeout ?? options.time, signal: options.signal })
      return name
    })
    return 0
  },
})
