import { writeFileSync } from 'node:fs'
import { create } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { transferProgress } from '../progress-transfer.ts'
import { askedFor, createOptions, insteadOfDockers } from '../run-options.ts'

export default command({
  name: 'create',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a new container',
  options: createOptions,
  instead: insteadOfDockers,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  optionsFirst: true,
  async run(call) {
    using view = transferProgress(call.terminal, { to: 'err', quiet: call.options.quiet })
    const { signal } = call
    const { id } = await create(call.engine(), { ...askedFor(call), signal, progress: view.sink })
    view[Symbol.dispose]()
    if (call.options.cidfile) writeFileSync(call.options.cidfile, id, { flag: 'wx' })
    call.terminal.out(`${id}\n`)
    return 0
  },
})
