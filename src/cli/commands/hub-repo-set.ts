import { readFileSync } from 'node:fs'
import { parseRepository } from '../../hub/mod.ts'
import { errno, StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub repo set',
  usage: '[OPTIONS] REPOSITORY',
  summary: 'Change the settings of a repository, or make it before the first push',
  examples: [
    'strake hub repo set --private alice/app',
    'strake hub repo set --keep-newest 10 --keep-days 30 --untagged-days 7 team/app',
  ],
  options: {
    data: dataOption,
    description: { kind: 'string', help: 'One line that lists show' },
    'immutable-tags': { kind: 'boolean', help: 'Tags can be added, and neither moved nor deleted' },
    'keep-all': { kind: 'boolean', help: 'Forget the rules of retention that were set before' },
    'keep-days': { kind: 'number', help: 'Keep tags that were pushed within that many days, and --keep-newest' },
    'keep-newest': { kind: 'number', help: 'Keep that many tags, the newest, and those of --keep-days' },
    private: { kind: 'boolean', help: 'Only its namespace and members may see it' },
    public: { kind: 'boolean', help: 'Everybody may see and pull it' },
    readme: { kind: 'string', value: 'file', help: 'A file in Markdown that its page shows' },
    'untagged-days': { kind: 'number', help: 'Remove manifests without a tag after that many days' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    const name = parseRepository(args[0]!)
    if (options.private && options.public) throw new StrakeError('invalid', '--private and --public exclude each other')
    const visibility = options.private || options.public === false ? 'private' : 'public'
    const visible = options.private ?? options.public
    using data = openData(options.data, terminal.env)
    const { retention: before } = await data.repositories.ensure(name, visibility)
    const { 'keep-newest': newest, 'keep-days': days, 'untagged-days': untaggedDays } = options
    for (const count of [newest, days, untaggedDays]) {
      if (count !== undefined && count < 0) throw new StrakeError('invalid', 'a rule of retention is less than 0')
    }
    await data.repositories.set(name, {
      ...(visible !== undefined && { visibility }),
      ...(options.description !== undefined && { description: options.description }),
      ...(options.readme !== undefined && { readme: read(options.readme) }),
      ...(options['immutable-tags'] !== undefined && { immutable: options['immutable-tags'] }),
      retention: {
        ...(options['keep-all'] ? {} : before),
        ...(newest !== undefined && { newest }),
        ...(days !== undefined && { days }),
        ...(untaggedDays !== undefined && { untaggedDays }),
      },
    })
    terminal.out(`${name}\n`)
    return 0
  },
})

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (errno(cause) === undefined) throw cause
    throw new StrakeError('invalid', `can't read ${path}: ${(cause as Error).message}`, { cause })
  }
}
