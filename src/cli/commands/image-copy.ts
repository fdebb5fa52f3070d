import { copyImage } from '../../engine/mod.ts'
import { parsePlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { transferProgress } from '../progress-transfer.ts'

export default command({
  name: 'image copy',
  usage: '[OPTIONS] SOURCE TARGET',
  summary: 'Copy an image between registries, the store, layouts and archives',
  examples: [
    'strake image copy registry.test/app:1.0 mirror.test/app:1.0     with all platforms',
    'strake image copy local:app oci:layout:1.0                      from the store into an OCI layout',
    'strake image copy docker-archive:app.tar registry.test/app:1.0  what docker save wrote',
    'strake image copy registry.test/app:1.0 dir:app                 a folder, as skopeo has it',
  ],
  options: {
    platform: { kind: 'string', help: 'Only the image for this platform (format: "linux/amd64")' },
    referrers: { kind: 'boolean', help: 'Also what says something about the image: signatures, attestations' },
    quiet: { kind: 'boolean', short: 'q', help: 'Only print the digest' },
  },
  args: { min: 2, max: 2 },
  async run({ options, args, terminal, signal, engine }) {
    const { platform, referrers, quiet } = options
    using view = transferProgress(terminal, { to: 'err', quiet })
    const digest = await copyImage(engine(), {
      from: args[0]!,
      to: args[1]!,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      referrers,
      env: terminal.env,
      signal,
      progress: view.sink,
    })
    view[Symbol.dispose]()
    terminal.out(`${digest}\n`)
    return 0
  },
})
