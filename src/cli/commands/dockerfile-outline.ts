import { dockerfileOutline } from '../../engine/mod.ts'
import { columns } from '../columns.ts'
import { command } from '../command.ts'
import { buildArguments } from '../option-values.ts'
import { readDockerfile } from '../read-dockerfile.ts'

export default command({
  name: 'dockerfile outline',
  usage: '[OPTIONS] [FILE | -]',
  summary: 'List the arguments, secrets and SSH agents that a build takes',
  options: {
    target: { kind: 'string', help: 'The stage that is to be built (default: the last one)' },
    'build-arg': { kind: 'list', help: 'Set a build-time variable' },
    json: { kind: 'boolean', help: 'Print it as JSON' },
  },
  args: { min: 0, max: 1 },
  async run({ args, options, terminal }) {
    const { file, text } = await readDockerfile(args[0] ?? 'Dockerfile', terminal)
    const buildArgs = buildArguments(options['build-arg'], terminal.env)
    const outline = dockerfileOutline(text, options.target, { file, buildArgs })
    if (options.json) {
      terminal.out(`${JSON.stringify(outline, null, 2)}\n`)
      return 0
    }
    const { name, description, secrets, ssh } = outline
    const head = [...(name ? [['TARGET:', name]] : []), ...(description ? [['DESCRIPTION:', description]] : [])]
    const required = (list: typeof secrets) => list.map(({ name, required }) => [name, required ? 'true' : ''])
    const tables = [
      head,
      titled(
        ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
        outline.args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
      ),
      titled(['SECRET', 'REQUIRED'], required(secrets)),
      titled(['SSH', 'REQUIRED'], required(ssh)),
    ]
    const shown = tables.filter((table) => table.length > 0).map(columns)
    terminal.out(shown.length > 0 ? shown.join('\n') : 'The build takes nothing.\n')
    return 0
  },
})

const titled = (title: string[], rows: string[][]) => (rows.length > 0 ? [title, ...rows] : [])
