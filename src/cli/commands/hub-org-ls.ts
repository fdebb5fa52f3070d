import { bytes, renderListing } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { formatHelp } from '../listing.ts'

const headers = { Name: 'NAME', Kind: 'KIND', Members: 'MEMBERS', Size: 'SIZE', Quota: 'QUOTA', Upstream: 'UPSTREAM' }

export default command({
  name: 'hub org ls',
  usage: '[OPTIONS]',
  summary: 'List organisations and mirrors with their members',
  options: { data: dataOption, format: { kind: 'string', help: formatHelp } },
  args: { min: 0, max: 0 },
  async run({ options, terminal }) {
    using data = openData(options.data, terminal.env)
    const rows = []
    for (const { name, kind, quota, upstream } of await data.accounts.namespaces()) {
      if (kind === 'user') continue
      const members = await data.accounts.members(name)
      rows.push({
        Name: name,
        Kind: kind,
        Members: members.map(({ user, role }) => `${user} (${role})`).join(', '),
        Size: bytes(await data.contents.usage(name)),
        Quota: quota === undefined ? '' : bytes(quota),
        // It may have credentials in it.
        Upstream: upstream === undefined ? '' : new URL(upstream).origin,
      })
    }
    const columns = ['Name', 'Kind', 'Members', 'Size', 'Quota', 'Upstream']
    terminal.out(renderListing(rows, { headers, format: options.format, columns }))
    return 0
  },
})
