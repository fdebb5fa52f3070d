import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { quotaOf, quotaOption } from '../hub-options.ts'

export default command({
  name: 'hub org set',
  usage: '[OPTIONS] NAME',
  summary: 'Change the quota of an organisation or a mirror',
  options: { data: dataOption, quota: quotaOption },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    if (options.quota !== undefined) await data.accounts.setQuota(args[0]!, quotaOf(options.quota))
    terminal.out(`${args[0]}\n`)
    return 0
  },
})
