import { dockerfileTargets } from '../../engine/mod.ts'
import { columns } from '../columns.ts'
import { command } from '../command.ts'
import { readDockerfile } from '../read-dockerfile.ts'

export default command({
  name: 'dockerfile targets',
  usage: '[OPTIONS] [FILE | -]',
  summary: 'List the stages that can be built',
  options: {
    json: { kind: 'boolean', help: 'Print them as JSON' },
  },
  args: { min: 0, max: 1 },
  async run({ args, options, terminal }) {
    const { file, text } = await readDockerfile(args[0] ?? 'Dockerfile', terminal)
    const targets = dockerfileTargets(text, { file })
    if (options.json) {
      terminal.out(`${JSON.stringify(targets, null, 2)}\n`)
      return 0
    }
    const rows = targets.map(({ name, base, description, isDefault }, i) => [
      `${name ?? i}${isDefault ? ' (default)' : ''}`,
      base,
      description ?? '',
    ])
    terminal.out(columns([['TARGET', 'BASE', 'DESCRIPTION'], ...rows]))
    return 0
  },
})
