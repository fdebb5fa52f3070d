import { renderListing } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { formatHelp, rfc3339 } from '../listing.ts'

const headers = {
  Name: 'NAME',
  Visibility: 'VISIBILITY',
  Tags: 'TAGS',
  Pulls: 'PULLS',
  Pushed: 'LAST PUSH',
  Description: 'DESCRIPTION',
}
const columns = ['Name', 'Visibility', 'Tags', 'Pulls', 'Pushed', 'Description']

export default command({
  name: 'hub repo ls',
  usage: '[OPTIONS] [NAMESPACE]',
  summary: 'List the repositories of the hub',
  options: { data: dataOption, format: { kind: 'string', help: formatHelp } },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    const viewer = { user: undefined, admin: true }
    const found = await data.repositories.list({ viewer, namespace: args[0], limit: -1 })
    const rows = found.map(({ name, visibility, tags, pulls, pushedAt, description }) => ({
      Name: name,
      Visibility: visibility,
      Tags: tags,
      Pulls: pulls,
      Pushed: pushedAt === undefined ? '' : rfc3339(pushedAt),
      Description: description,
    }))
    terminal.out(renderListing(rows, { headers, format: options.format, columns }))
    return 0
  },
})
