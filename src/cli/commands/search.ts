import { search } from '../../engine/mod.ts'
import { renderListing, StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { printable } from '../display.ts'
import { formatHelp } from '../listing.ts'

export default command({
  name: 'search',
  usage: '[OPTIONS] TERM',
  summary: 'Search a registry for images',
  examples: ['strake search nginx', 'strake search registry.test/app'],
  options: {
    filter: { kind: 'list', short: 'f', value: 'filter', help: 'Filter output: stars=3, is-official=true' },
    format: { kind: 'string', help: formatHelp },
    limit: { kind: 'number', help: 'Max number of search results', default: '25' },
    'no-trunc': { kind: 'boolean', help: "Don't truncate output" },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, signal }) {
    const { limit, format } = options
    if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 100)) {
      throw new StrakeError('invalid', `limit ${limit} is outside the range of [1, 100]`)
    }
    const wanted = options.filter.map(condition)
    const found = await search({ term: args[0]!, limit, env: terminal.env, signal })
    const rows = found.filter((repository) => wanted.every((fits) => fits(repository)))
    const whole = options['no-trunc'] === true
    terminal.out(
      renderListing(
        rows.map(({ name, description, stars, official }) => ({
          Name: printable(name),
          Description: cut(printable(description).replaceAll('\n', ' '), whole),
          StarCount: String(stars),
          IsOfficial: official ? '[OK]' : '',
        })),
        {
          headers: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' },
          columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
          format,
        },
      ),
    )
    return 0
  },
})

type Found = Awaited<ReturnType<typeof search>>[number]

function condition(text: string): (found: Found) => boolean {
  const [name, value = ''] = text.split('=')
  if (name === 'stars' && /^\d+$/.test(value)) return ({ stars }) => stars >= Number(value)
  if (name === 'is-official' && /^(true|false|1|0)$/.test(value)) {
    return ({ official }) => official === (value === 'true' || value === '1')
  }
  throw new StrakeError('invalid', `invalid filter '${text}'`)
}

function cut(text: string, whole: boolean): string {
  return whole || text.length <= 45 ? text : `${text.slice(0, 44)}…`
}
