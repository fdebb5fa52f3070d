import { load, shownName } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { parsePlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'

import { showProgress } from '../progress.ts'

export default command({
  name: 'load',
  usage: '[OPTIONS]',
  summary: 'Load an image from a tar archive or STDIN',
  examples: ['strake load -i app.tar', 'docker save app | strake load'],
  options: {
    input: { kind: 'string', short: 'i', value: 'file', help: 'Read from tar archive file, instead of STDIN' },
    platform: { kind: 'string', help: 'Load only the given platform (format: "linux/amd64")' },
    quiet: { kind: 'boolean', short: 'q', help: 'Suppress the load output' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, signal, engine }) {
    const { input, platform } = options
    if (input === undefined && terminal.inIsTerminal) {
      throw new StrakeError('invalid', 'requested load from stdin, but stdin is empty', {
        hint: 'Name a file with -i FILE.',
      })
    }
    using view = showProgress(terminal, 'Loading', options.quiet ? 'quiet' : 'auto')
    const loaded = await load(engine(), {
      source: input ?? terminal.stdin,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      signal,
      progress: view.sink,
    })
    view[Symbol.dispose]()
    for (const { image, names } of loaded) {
      for (const name of names) terminal.out(`Loaded image: ${shownName(name)}\n`)
      if (names.length === 0) terminal.out(`Loaded image ID: ${image.id}\n`)
    }
    return 0
  },
})
