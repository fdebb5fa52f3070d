import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { quotaOf, quotaOption } from '../hub-options.ts'

export default command({
  name: 'hub user set',
  usage: '[OPTIONS] NAME',
  summary: 'Change what a user may do',
  options: {
    admin: { kind: 'boolean', help: 'An administrator, or with --admin=false none' },
    data: dataOption,
    quota: quotaOption,
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    const name = args[0]!
    using data = openData(options.data, terminal.env)
    if (!(await data.accounts.user(name))) throw new StrakeError('not_found', `no such user: ${name}`)
    if (options.quota !== undefined) await data.accounts.setQuota(name, quotaOf(options.quota))
    if (options.admin !== undefined) await data.accounts.setAdmin(name, options.admin)
    terminal.out(`${name}\n`)
    return 0
  },
})
