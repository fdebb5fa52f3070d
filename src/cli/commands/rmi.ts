import { rmi } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'rmi',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove one or more images',
  options: {
    force: { kind: 'boolean', short: 'f', help: 'Force removal of the image' },
    'no-prune': { kind: 'boolean', help: 'Do not delete untagged parents', hidden: true },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    const errors: StrakeError[] = []
    for (const image of args) {
      try {
        const { untagged, deleted } = rmi(engine(), { image, force: options.force })
        for (const name of untagged) terminal.out(`Untagged: ${name}\n`)
        for (const id of deleted) terminal.out(`Deleted: ${id}\n`)
      } catch (error) {
        if (!(error instanceof StrakeError)) throw error
        // With --force, what is not there is as it was asked for.
        if (!(options.force && error.code === 'not_found')) errors.push(error)
        else terminal.err(`Error: ${error.message}\n`)
      }
    }
    for (const error of errors.slice(0, -1)) terminal.err(`Error: ${error.message}\n`)
    const last = errors.at(-1)
    if (last) throw last
    return 0
  },
})
