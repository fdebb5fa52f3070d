import { importImage } from '../../engine/mod.ts'
import { parsePlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'import',
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  summary: 'Import the contents from a tarball to create a filesystem image',
  examples: ['strake import rootfs.tar.xz base:1 --change \'CMD ["sh"]\'', 'tar -c -C rootfs . | strake import - base'],
  options: {
    change: { kind: 'list', short: 'c', help: 'Apply Dockerfile instruction to the created image' },
    message: { kind: 'string', short: 'm', help: 'Set commit message for imported image' },
    platform: { kind: 'string', help: 'Set the platform of the image (format: "linux/amd64")' },
  },
  args: { min: 1, max: 2 },
  async run({ options, args, terminal, signal, engine }) {
    const [source, tag] = args
    const { platform } = options
    const image = await importImage(engine(), {
      source: source === '-' ? terminal.stdin : source!,
      tag,
      changes: options.change,
      message: options.message,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      signal,
    })
    terminal.out(`${image.id}\n`)
    return 0
  },
})
