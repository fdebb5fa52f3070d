import { manifestPush } from '../../engine/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'manifest push',
  usage: '[OPTIONS] MANIFEST_LIST',
  summary: 'Upload an index to its registry',
  options: {
    purge: { kind: 'boolean', short: 'p', help: 'Remove the local manifest list after push' },
    insecure: { kind: 'boolean', help: 'Allow push to an insecure registry', hidden: true },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, signal, engine }) {
    const { purge } = options
    terminal.out(`${await manifestPush(engine(), { name: args[0]!, purge, env: terminal.env, signal })}\n`)
    return 0
  },
})
