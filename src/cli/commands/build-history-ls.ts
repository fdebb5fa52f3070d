import { type BuildRecord, builds } from '../../engine/mod.ts'
import { duration, renderListing, since } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { fit, printable } from '../display.ts'
import { formatHelp, rfc3339 } from '../listing.ts'

export default command({
  name: 'build history ls',
  usage: '[OPTIONS]',
  summary: 'List builds',
  options: {
    filter: { kind: 'list', help: 'Provide filter values (e.g., "status=error", "until=24h", "name=app")' },
    format: { kind: 'string', help: formatHelp },
    'no-trunc': { kind: 'boolean', help: "Don't truncate output" },
    quiet: { kind: 'boolean', short: 'q', help: 'Only show build IDs' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const found = builds(engine(), { filters: options.filter })
    const rows = found.map((build) => fields(build, options['no-trunc'] === true))
    if (options.quiet) terminal.out(found.map(({ id }) => `${id}\n`).join(''))
    else terminal.out(renderListing(rows, { headers, columns, format: options.format }))
    return 0
  },
})

const columns = ['ID', 'Name', 'Status', 'CreatedAt', 'Duration', 'Cached']

const headers = {
  Cached: 'CACHED',
  CachedSteps: 'CACHED STEPS',
  CreatedAt: 'CREATED AT',
  Duration: 'DURATION',
  Error: 'ERROR',
  ID: 'BUILD ID',
  Image: 'IMAGE',
  Name: 'NAME',
  StartedAt: 'STARTED AT',
  Status: 'STATUS',
  Tags: 'TAGS',
  TotalSteps: 'TOTAL STEPS',
}

/** buildx's words for how a build ended; `Killed` is ours. */
export const statusWords = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Error',
  cancelled: 'Canceled',
  killed: 'Killed',
} as const

/** Steps of the build, and those of them that were cached: bases are no steps that could be. */
export function countSteps({ steps }: BuildRecord): { readonly cached: number; readonly total: number } {
  const counted = steps.filter(({ inputs }) => inputs.length > 0)
  return { cached: counted.filter(({ state }) => state === 'cached').length, total: counted.length }
}

function fields(build: BuildRecord, whole: boolean): Record<keyof typeof headers, string> {
  const { id, name, status, startedAt, endedAt, tags, image, error } = build
  const { cached, total } = countSteps(build)
  const end = endedAt ?? (status === 'running' ? Date.now() : undefined)
  const shown = printable(name).replaceAll('\n', ' ')
  return {
    Cached: `${cached}/${total}`,
    CachedSteps: String(cached),
    CreatedAt: `${since(Date.now() - startedAt)} ago`,
    Duration: end === undefined ? '' : duration((end - startedAt) / 1000),
    Error: error?.message ?? '',
    ID: id,
    Image: image ?? '',
    Name: whole ? shown : fit(shown, 40),
    StartedAt: rfc3339(startedAt),
    Status: statusWords[status],
    Tags: tags.join(','),
    TotalSteps: String(total),
  }
}
