import { kill } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'kill',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Kill one or more running containers',
  options: { signal: { kind: 'string', short: 's', help: 'Signal to send to the container', default: 'KILL' } },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      await kill(engine(), name, options.signal)
      return name
    })
    return 0
  },
})
