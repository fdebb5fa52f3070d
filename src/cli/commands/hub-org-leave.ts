import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub org leave',
  usage: '[OPTIONS] ORGANISATION USER',
  summary: 'End the membership of a user in an organisation',
  options: { data: dataOption },
  args: { min: 2, max: 2 },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    await data.accounts.setMember(args[0]!, args[1]!, undefined)
    return 0
  },
})
