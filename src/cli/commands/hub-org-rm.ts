import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub org rm',
  usage: '[OPTIONS] NAME [NAME...]',
  summary: 'Remove organisations or mirrors that have no repositories',
  options: { data: dataOption },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    await each(args, terminal, async (name) => {
      const kind = (await data.accounts.namespace(name))?.kind
      if (name === 'library') throw new StrakeError('denied', 'library belongs to every hub')
      if (kind === undefined || kind === 'user') throw new StrakeError('not_found', `no such organisation: ${name}`)
      await data.accounts.removeNamespace(name)
      return name
    })
    return 0
  },
})
