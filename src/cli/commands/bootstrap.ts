import { bootstrap, parseBootstrap, shownName } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { hex } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { progressModes, showProgress } from '../progress.ts'

export default command({
  name: 'bootstrap',
  usage: '[OPTIONS] DISTRIBUTION[:SUITE]',
  summary: "Make a base image from a distribution's packages",
  examples: [
    'strake bootstrap debian:bookworm',
    'strake bootstrap debian:bookworm-slim --include ca-certificates,python3',
    'strake bootstrap ubuntu:noble --mirror http://mirror.example.org/ubuntu',
    "strake bootstrap busybox             a small base from this machine's busybox-static, at once",
  ],
  options: {
    include: { kind: 'list', value: 'packages', help: 'More packages to install (comma-separated)' },
    mirror: {
      kind: 'string',
      help: 'Where the packages come from: an address, or a line of sources.list (default: as this machine has them)',
    },
    progress: { kind: 'string', help: `Type of progress output: ${progressModes.join(', ')}`, default: 'auto' },
    quiet: { kind: 'boolean', short: 'q', help: 'Suppress the output and print the image ID' },
    tag: { kind: 'list', short: 't', help: 'Name of the image (default: as the base is called)' },
    variant: { kind: 'string', help: 'Which packages a base consists of, as mmdebstrap has it', default: 'minbase' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, signal, engine }) {
    const { mirror, variant, quiet } = options
    using view = showProgress(terminal, 'Bootstrapping', quiet ? 'quiet' : options.progress)
    const image = await bootstrap(engine(), {
      ...parseBootstrap(args[0]!),
      include: options.include.flatMap((names) => names.split(',')).filter((name) => name !== ''),
      ...(mirror !== undefined && { mirror }),
      ...(variant !== undefined && { variant }),
      ...(options.tag.length > 0 && { tags: options.tag }),
      signal,
      progress: view.sink,
    })
    view[Symbol.dispose]()
    if (quiet) terminal.out(`${image.id}\n`)
    else terminal.out(`${image.names.map(shownName).join(', ')}  ${hex(image.id).slice(0, 12)}  ${bytes(image.size)}\n`)
    return 0
  },
})
