import { bytes, renderListing } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { formatHelp, rfc3339 } from '../listing.ts'

const headers = { Name: 'NAME', Admin: 'ADMIN', Size: 'SIZE', Quota: 'QUOTA', CreatedAt: 'CREATED AT' }

export default command({
  name: 'hub user ls',
  usage: '[OPTIONS]',
  summary: 'List the users of the hub',
  options: { data: dataOption, format: { kind: 'string', help: formatHelp } },
  args: { min: 0, max: 0 },
  async run({ options, terminal }) {
    using data = openData(options.data, terminal.env)
    const rows = []
    for (const { name, admin, createdAt } of await data.accounts.users()) {
      const quota = (await data.accounts.namespace(name))?.quota
      rows.push({
        Name: name,
        Admin: String(admin),
        Size: bytes(await data.contents.usage(name)),
        Quota: quota === undefined ? '' : bytes(quota),
        CreatedAt: rfc3339(createdAt),
      })
    }
    const columns = ['Name', 'Admin', 'Size', 'Quota', 'CreatedAt']
    terminal.out(renderListing(rows, { headers, format: options.format, columns }))
    return 0
  },
})
