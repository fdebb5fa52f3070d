import { save } from '../../engine/mod.ts'
import { StrakeError, writeFile } from '../../lib/mod.ts'
import { parsePlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'save',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  examples: [
    'strake save -o app.tar app:1.0 app:latest',
    'strake save app | zstd > app.tar.zst',
    'strake save app | docker load',
  ],
  options: {
    output: { kind: 'string', short: 'o', value: 'file', help: 'Write to a file, instead of STDOUT' },
    platform: { kind: 'string', help: 'Save only the image for this platform (format: "linux/amd64")' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, signal, engine }) {
    const { output, platform } = options
    if (output === undefined && terminal.outIsTerminal) {
      throw new StrakeError('invalid', 'cowardly refusing to save to a terminal. Use the -o flag or redirect')
    }
    const archive = save(engine(), {
      images: args,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      signal,
    })
    if (output === undefined) for await (const chunk of archive) terminal.out(chunk)
    else await writeFile(output, archive, 0o600)
    return 0
  },
})
