import { command } from '../command.ts'
import { each } from '../each.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub token rm',
  usage: '[OPTIONS] ID [ID...]',
  summary: 'End access tokens or logins, at once',
  options: { data: dataOption },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    await each(args, terminal, async (id) => {
      await data.accounts.removeToken(id)
      return id
    })
    return 0
  },
})
