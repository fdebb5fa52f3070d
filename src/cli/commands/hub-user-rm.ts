import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub user rm',
  usage: '[OPTIONS] NAME [NAME...]',
  summary: 'Remove users that have no repositories',
  options: { data: dataOption },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    await each(args, terminal, async (name) => {
      if (!(await data.accounts.user(name))) throw new StrakeError('not_found', `no such user: ${name}`)
      await data.accounts.removeNamespace(name)
      return name
    })
    return 0
  },
})
