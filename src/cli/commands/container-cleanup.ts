import { currentContainer } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'

/** What conmon calls when a container has ended and nobody has waited for it: looking at it records its end. */
export default command({
  name: 'container cleanup',
  usage: 'CONTAINER',
  summary: 'Record the end of a container',
  options: {},
  args: { min: 1, max: 1 },
  async run({ args, engine }) {
    try {
      await currentContainer(engine(), args[0]!)
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code !== 'not_found') throw error
    }
    return 0
  },
})
