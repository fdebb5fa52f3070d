import { cacheMounts } from '../../engine/mod.ts'
import { bytes, renderListing, since } from '../../lib/mod.ts'
import { command } from '../command.ts'

const headers = {
  ID: 'ID',
  Name: 'NAME',
  Size: 'SIZE',
  CreatedSince: 'CREATED',
  LastUsedSince: 'LAST USED',
  UsageCount: 'USAGE',
  InUse: 'IN USE',
  Description: 'DESCRIPTION',
}

export default command({
  name: 'cache-mount ls',
  usage: '[OPTIONS]',
  summary: 'List what RUN --mount=type=cache keeps between builds',
  options: {
    filter: { kind: 'list', short: 'f', help: 'Provide filter values (e.g. "name=/root/.cache", "unused-for=24h")' },
    format: { kind: 'string', help: "Format output: 'table', 'table TEMPLATE', 'json', or a Go template" },
    quiet: { kind: 'boolean', short: 'q', help: 'Only display IDs' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const found = cacheMounts(engine(), { filters: options.filter })
    if (options.quiet && options.format === undefined) {
      for (const { id } of found) terminal.out(`${id}\n`)
      return 0
    }
    const now = Date.now()
    const rows = found.map(({ id, name, size, createdAt, usedAt, uses, inUse, description }) => ({
      ID: String(id),
      Name: name,
      Size: bytes(size, 4),
      CreatedSince: `${since(now - createdAt)} ago`,
      LastUsedSince: `${since(now - usedAt)} ago`,
      UsageCount: String(uses),
      InUse: String(inUse),
      Description: description,
    }))
    const columns = ['ID', 'Name', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'InUse']
    terminal.out(renderListing(rows, { headers, format: options.format, columns }))
    return 0
  },
})
