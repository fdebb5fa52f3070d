import { type HistoryEntry, history } from '../../engine/mod.ts'
import { bytes, renderListing, since } from '../../lib/mod.ts'
import { hex, parsePlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { fit } from '../display.ts'
import { formatHelp, rfc3339 } from '../listing.ts'

export default command({
  name: 'history',
  usage: '[OPTIONS] IMAGE',
  summary: 'Show the history of an image',
  options: {
    format: { kind: 'string', help: formatHelp },
    human: { kind: 'boolean', short: 'H', help: 'Print sizes and dates in human readable format', default: 'true' },
    'no-trunc': { kind: 'boolean', help: "Don't truncate output" },
    platform: { kind: 'string', help: 'Of an image for several platforms, the one for this (format: "linux/amd64")' },
    quiet: { kind: 'boolean', short: 'q', help: 'Only show image IDs' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, engine }) {
    const { platform } = options
    const entries = history(engine(), {
      image: args[0]!,
      platform: platform === undefined ? undefined : parsePlatform(platform),
    })
    const whole = options['no-trunc'] === true
    // Rows of a table are lines; a template gets the instruction as it was, here-documents too.
    const flat = !whole || /^(table\b|$)/.test(options.format ?? '')
    const rows = entries.map((entry) => fields(entry, { human: options.human !== false, whole, flat }))
    if (options.quiet) terminal.out(rows.map((row) => `${row.ID}\n`).join(''))
    else terminal.out(renderListing(rows, { headers, columns, format: options.format }))
    return 0
  },
})

const columns = ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment']

const headers = {
  Comment: 'COMMENT',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  CreatedSince: 'CREATED',
  ID: 'IMAGE',
  Size: 'SIZE',
}

function fields(
  entry: HistoryEntry,
  { human, whole, flat }: { readonly human: boolean; readonly whole: boolean; readonly flat: boolean },
): Record<keyof typeof headers, string> {
  const created = Date.parse(entry.created ?? '')
  const known = !Number.isNaN(created)
  const spaced = (entry.created_by ?? '').replaceAll('\t', ' ')
  const by = flat ? spaced.replaceAll('\n', ' ') : spaced
  return {
    Comment: entry.comment ?? '',
    get CreatedAt() {
      return known ? rfc3339(created) : ''
    },
    CreatedBy: whole ? by : fit(by, 45),
    CreatedSince: known ? (human ? `${since(Date.now() - created)} ago` : rfc3339(created)) : 'N/A',
    ID: entry.id ? (whole ? entry.id : hex(entry.id).slice(0, 12)) : '<missing>',
    Size: human ? bytes(entry.size) : String(entry.size),
  }
}
