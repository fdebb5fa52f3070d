import { manifestInspect } from '../../engine/mod.ts'
import { familiarString, parseReference } from '../../oci/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'manifest inspect',
  usage: '[OPTIONS] MANIFEST',
  summary: 'Show an image manifest, or an index',
  options: {
    verbose: { kind: 'boolean', short: 'v', help: 'Output additional info including digest and media type' },
    insecure: { kind: 'boolean', help: 'Allow communication with an insecure registry', hidden: true },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, signal, engine }) {
    const name = args[0]!
    const { text, isIndex, digest, mediaType } = await manifestInspect(engine(), { name, env: terminal.env, signal })
    const document: unknown = JSON.parse(text)
    const size = Buffer.byteLength(text)
    const verbose = {
      Ref: familiarString(parseReference(name)),
      Descriptor: { mediaType, digest, size },
      Manifest: document,
    }
    // Blanks as docker has them.
    const shown = options.verbose
      ? JSON.stringify(verbose, null, '\t')
      : JSON.stringify(document, null, isIndex ? 3 : '\t')
    terminal.out(`${shown}\n`)
    return 0
  },
})
