import { restart } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'restart',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Restart one or more containers',
  options: {
    timeout: { kind: 'number', short: 't', help: 'Seconds to wait before killing the container (default: 10)' },
    time: { kind: 'number', help: 'Seconds to wait before killing the container', hidden: true },
    signal: { kind: 'string', short: 's', help: 'Signal to send to the container' },
  },
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
