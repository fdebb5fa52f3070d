import { manifestCreate } from '../../engine/mod.ts'
import { familiarString, parseReference } from '../../oci/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'manifest create',
  usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
  summary: 'Put an index together from images of registries',
  options: {
    amend: { kind: 'boolean', short: 'a', help: 'Amend an existing manifest list' },
    insecure: { kind: 'boolean', help: 'Allow communication with an insecure registry', hidden: true },
  },
  args: { min: 2, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, signal, engine }) {
    const [name = '', ...images] = args
    await manifestCreate(engine(), { name, images, amend: options.amend, env: terminal.env, signal })
    terminal.out(`Created manifest list ${familiarString(parseReference(name))}\n`)
    return 0
  },
})
