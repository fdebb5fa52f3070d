import { parseNamespace } from '../../hub/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub org add',
  usage: '[OPTIONS] NAME',
  summary: 'Add an organisation: a namespace of several users',
  options: {
    data: dataOption,
    owner: { kind: 'list', value: 'user', help: 'Who may do everything in it' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    const name = parseNamespace(args[0]!)
    using data = openData(options.data, terminal.env)
    await data.accounts.addNamespace({ name, kind: 'organisation', upstream: undefined })
    for (const user of options.owner) await data.accounts.setMember(name, user, 'owner')
    terminal.out(`${name}\n`)
    return 0
  },
})
