import { exportCacheMount } from '../../engine/mod.ts'
import { StrakeError, writeFile } from '../../lib/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'cache-mount export',
  usage: '[OPTIONS] NAME|ID',
  summary: "Write a cache mount's files to a tar archive (streamed to STDOUT by default)",
  examples: ['strake cache-mount export -o npm.tar /root/.npm', 'strake cache-mount export npm | zstd > npm.tar.zst'],
  options: {
    output: { kind: 'string', short: 'o', value: 'file', help: 'Write to a file, instead of STDOUT' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, engine }) {
    const { output } = options
    if (output === undefined && terminal.outIsTerminal) {
      throw new StrakeError('invalid', 'cowardly refusing to export to a terminal. Use the -o flag or redirect')
    }
    const archive = exportCacheMount(engine(), args[0]!)
    if (output === undefined) for await (const chunk of archive) terminal.out(chunk)
    else await writeFile(output, archive, 0o600)
    return 0
  },
})
