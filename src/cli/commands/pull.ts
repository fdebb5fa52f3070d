import { type PulledImage, pull, pullAll, pullStatus } from '../../engine/mod.ts'
import { parsePlatform, parseReference, referenceString } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { transferProgress } from '../progress-transfer.ts'

export default command({
  name: 'pull',
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Download an image from a registry',
  examples: ['strake pull registry.test/alice/app:1.0', 'strake pull localhost:5000/app@sha256:…'],
  options: {
    'all-tags': { kind: 'boolean', short: 'a', help: 'Download all tagged images in the repository' },
    platform: { kind: 'string', help: 'Platform of the image (format: "linux/amd64")' },
    quiet: { kind: 'boolean', short: 'q', help: 'Suppress verbose output' },
    'disable-content-trust': { kind: 'boolean', help: 'Skip image verification', hidden: true },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, signal, engine }) {
    const { platform, quiet = false } = options
    const name = args[0]!
    const reference = parseReference(name)
    using view = transferProgress(terminal, { quiet })
    const say = (text: string) => {
      if (!quiet) terminal.out(`${text}\n`)
    }
    const asked = {
      reference: name,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      env: terminal.env,
      signal,
      progress: view.sink,
    }
    const told = (pulled: PulledImage) => {
      view[Symbol.dispose]()
      say(`Digest: ${pulled.digest}`)
      say(pullStatus(pulled))
    }
    if (options['all-tags']) {
      for await (const pulled of pullAll(engine(), asked)) {
        say(`${pulled.reference.tag}: Pulling from ${reference.repository}`)
        told(pulled)
      }
      terminal.out(`${reference.registry}/${reference.repository}\n`)
    } else {
      if (!/[:@][^/]*$/.test(name)) say('Using default tag: latest')
      say(`${reference.digest ?? reference.tag}: Pulling from ${reference.repository}`)
      told(await pull(engine(), asked))
      terminal.out(`${referenceString(reference)}\n`)
    }
    return 0
  },
})
