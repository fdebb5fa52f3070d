import { importCacheMount } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'cache-mount import',
  usage: '[OPTIONS] NAME [FILE|-]',
  summary: 'Fill a cache mount from a tar archive or STDIN',
  examples: [
    'strake cache-mount import /root/.npm npm.tar   for RUN --mount=type=cache,target=/root/.npm',
    'strake cache-mount import --uid 1000 cache -   for RUN --mount=type=cache,id=cache,uid=1000,…',
  ],
  options: {
    mode: { kind: 'string', help: 'The mode that the mount has in the Dockerfile (octal)' },
    uid: { kind: 'number', help: 'The uid that it has there' },
    gid: { kind: 'number', help: 'The gid that it has there' },
  },
  args: { min: 1, max: 2 },
  async run({ options, args: [name = '', file = '-'], terminal, signal, engine }) {
    const { mode, uid, gid } = options
    if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode)) {
      throw new StrakeError('invalid', `invalid value ${mode} for mode`, { hint: 'Write it in octal: 0700.' })
    }
    if (file === '-' && terminal.inIsTerminal) {
      throw new StrakeError('invalid', 'standard input is a terminal, and the archive is to come from there', {
        hint: 'Name a file.',
      })
    }
    const source = file === '-' ? terminal.stdin : file
    const octal = mode === undefined ? undefined : Number.parseInt(mode, 8)
    await importCacheMount(engine(), name, source, { mode: octal, uid, gid, signal })
    return 0
  },
})
