import { rm } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'

export default command({
  name: 'rm',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove one or more containers',
  options: {
    force: { kind: 'boolean', short: 'f', help: 'Force the removal of a running container (uses SIGKILL)' },
    volumes: { kind: 'boolean', short: 'v', help: 'Remove anonymous volumes associated with the container' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    await each(args, terminal, async (name) => {
      try {
        await rm(engine(), name, options)
        return name
      } catch (error) {
        // What is to be gone is gone.
        if (!(options.force && error instanceof StrakeError && error.code === 'not_found')) throw error
        terminal.err(`${error.message}\n`)
        return undefined
      }
    })
    return 0
  },
})
