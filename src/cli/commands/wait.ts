import { wait } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'wait',
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Block until one or more containers stop, then print their exit codes',
  options: {},
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ args, terminal, engine, signal }) {
    await each(args, terminal, async (name) => String(await wait(engine(), name, signal)))
    return 0
  },
})
