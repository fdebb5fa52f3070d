import { volumes } from '../../engine/mod.ts'
import { renderListing } from '../../lib/mod.ts'
import { command } from '../command.ts'

const headers = {
  Name: 'VOLUME NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Label: (name: unknown) => String(name),
}

export default command({
  name: 'volume ls',
  usage: '[OPTIONS]',
  summary: 'List volumes',
  options: {
    filter: { kind: 'list', short: 'f', help: 'Provide filter values (e.g. "dangling=true")' },
    format: { kind: 'string', help: "Format output: 'table', 'table TEMPLATE', 'json', or a Go template" },
    quiet: { kind: 'boolean', short: 'q', help: 'Only display volume names' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const found = volumes(engine(), { filters: options.filter })
    if (options.quiet && options.format === undefined) {
      for (const { name } of found) terminal.out(`${name}\n`)
      return 0
    }
    const rows = found.map(({ name, path, labels }) => ({
      Name: name,
      Driver: 'local',
      Scope: 'local',
      Mountpoint: path,
      Labels: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      Label: (key: unknown) => labels[String(key)] ?? '',
    }))
    terminal.out(renderListing(rows, { headers, format: options.format, columns: ['Driver', 'Name'] }))
    return 0
  },
})
