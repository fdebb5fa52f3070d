import { removeAllBuildRecords, removeBuildRecords } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'build history rm',
  usage: '[OPTIONS] [BUILD...]',
  summary: 'Remove the records of builds',
  options: {
    all: { kind: 'boolean', help: 'Remove the records of all builds that have ended' },
  },
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    if (options.all && args.length) throw new StrakeError('invalid', 'cannot specify both --all and builds')
    if (!options.all && !args.length) {
      throw new StrakeError('invalid', "'strake build history rm' requires a build or --all")
    }
    const removed = options.all ? removeAllBuildRecords(engine()) : removeBuildRecords(engine(), args)
    for (const id of removed) terminal.out(`${id}\n`)
    return 0
  },
})
