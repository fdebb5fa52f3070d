import { renderListing } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { formatHelp, rfc3339 } from '../listing.ts'

const headers = {
  ID: 'TOKEN ID',
  User: 'USER',
  Name: 'NAME',
  Kind: 'KIND',
  Scope: 'SCOPE',
  Repositories: 'REPOSITORIES',
  LastUsed: 'LAST USED',
  Expires: 'EXPIRES',
}
const columns = ['ID', 'User', 'Name', 'Kind', 'Scope', 'Repositories', 'LastUsed', 'Expires']

export default command({
  name: 'hub token ls',
  usage: '[OPTIONS] [USER]',
  summary: 'List access tokens, and with --all the logins of clients and browsers',
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Show logins and sessions too' },
    data: dataOption,
    format: { kind: 'string', help: formatHelp },
  },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    const tokens = (await data.accounts.tokens(args[0])).filter(({ kind }) => options.all || kind === 'access')
    const rows = tokens.map(({ id, user, name, kind, scope, repositories, usedAt, expiresAt }) => ({
      ID: id,
      User: user,
      Name: name,
      Kind: kind,
      Scope: scope,
      Repositories: repositories?.join(', ') ?? 'all',
      LastUsed: usedAt === undefined ? 'never' : rfc3339(usedAt),
      Expires: expiresAt === undefined ? 'never' : rfc3339(expiresAt),
    }))
    terminal.out(renderListing(rows, { headers, format: options.format, columns }))
    return 0
  },
})
