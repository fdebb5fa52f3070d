import { localTags, push } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { familiarString, parsePlatform, parseReference, referenceString } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { transferProgress } from '../progress-transfer.ts'

export default command({
  name: 'push',
  usage: '[OPTIONS] NAME[:TAG]',
  summary: 'Upload an image to a registry',
  examples: ['strake tag app registry.test/alice/app:1.0 && strake push registry.test/alice/app:1.0'],
  options: {
    'all-tags': { kind: 'boolean', short: 'a', help: 'Push all tags of an image to the repository' },
    'compression-format': {
      kind: 'string',
      value: 'gzip|zstd',
      help: 'What layers that were made here are packed with',
      default: 'gzip',
    },
    'compression-level': { kind: 'number', help: 'How hard to pack: gzip 1 to 9, zstd 1 to 19' },
    platform: { kind: 'string', help: 'Push only the image for this platform (format: "linux/amd64")' },
    quiet: { kind: 'boolean', short: 'q', help: 'Suppress verbose output' },
    'disable-content-trust': { kind: 'boolean', help: 'Skip image signing', hidden: true },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, signal, engine }) {
    const { quiet = false, platform } = options
    const compression = options['compression-format']
    if (compression !== undefined && compression !== 'gzip' && compression !== 'zstd') {
      throw new StrakeError('invalid', `unknown compression format ${JSON.stringify(compression)}`, {
        hint: 'It is gzip or zstd.',
      })
    }
    const reference = parseReference(args[0]!)
    const say = (text: string) => {
      if (!quiet) terminal.out(`${text}\n`)
    }
    const all = options['all-tags'] === true
    if (!all && !/[:@][^/]*$/.test(args[0]!)) say('Using default tag: latest')
    say(`The push refers to repository [${reference.registry}/${reference.repository}]`)
    for (const name of all ? localTags(engine(), args[0]!) : [referenceString(reference)]) {
      using view = transferProgress(terminal, { quiet })
      const pushed = await push(engine(), {
        reference: name,
        compression,
        platform: platform === undefined ? undefined : parsePlatform(platform),
        level: options['compression-level'],
        env: terminal.env,
        signal,
        progress: view.sink,
      })
      view[Symbol.dispose]()
      say(`${pushed.reference.tag}: digest: ${pushed.digest} size: ${pushed.size}`)
      if (quiet) terminal.out(`${familiarString(pushed.reference)}\n`)
    }
    return 0
  },
})
