import type { Role } from '../../hub/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'

const roles: readonly string[] = ['owner', 'writer', 'reader'] satisfies Role[]

export default command({
  name: 'hub org join',
  usage: '[OPTIONS] ORGANISATION USER',
  summary: 'Make a user a member of an organisation, or change their role',
  examples: ['strake hub org join team bob --role writer'],
  options: {
    data: dataOption,
    role: {
      kind: 'string',
      help: 'reader: pull what is private; writer: push too; owner: delete and change settings too',
      default: 'reader',
    },
  },
  args: { min: 2, max: 2 },
  async run({ options, args, terminal }) {
    const { role = 'reader' } = options
    if (!roles.includes(role)) {
      throw new StrakeError('invalid', `invalid role ${JSON.stringify(role)}`, {
        hint: 'One of owner, writer, reader.',
      })
    }
    using data = openData(options.data, terminal.env)
    await data.accounts.setMember(args[0]!, args[1]!, role as Role)
    return 0
  },
})
