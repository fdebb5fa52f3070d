import { images, type ListedImage } from '../../engine/mod.ts'
import { bytes, renderListing, StrakeError, since } from '../../lib/mod.ts'
import { hex } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { formatHelp, goTime } from '../listing.ts'

export default command({
  name: 'images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  examples: [
    'strake images',
    'strake images app',
    "strake images --filter dangling=true --format '{{.ID}}: {{.Size}}'",
  ],
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Show all images' },
    digests: { kind: 'boolean', help: 'Show digests' },
    filter: { kind: 'list', short: 'f', value: 'filter', help: 'Filter output based on conditions provided' },
    format: { kind: 'string', help: formatHelp },
    'no-trunc': { kind: 'boolean', help: "Don't truncate output" },
    quiet: { kind: 'boolean', short: 'q', help: 'Only show image IDs' },
  },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal, engine }) {
    const { filter, format, quiet, digests } = options
    const whole = options['no-trunc'] === true
    const listed = images(engine(), { filters: filter, reference: args[0] })
    if (quiet && format === undefined) {
      terminal.out(listed.map(({ image }) => `${shownId(image.id, whole)}\n`).join(''))
      return 0
    }
    if (quiet && format?.startsWith('table'))
      throw new StrakeError('invalid', '--quiet and --format table exclude each other')
    const columns = digests
      ? ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size']
      : ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size']
    terminal.out(
      renderListing(
        listed.map((row) => fields(row, whole)),
        { headers, columns, format },
      ),
    )
    return 0
  },
})

const headers = {
  Containers: 'CONTAINERS',
  CreatedAt: 'CREATED AT',
  CreatedSince: 'CREATED',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  SharedSize: 'SHARED SIZE',
  Size: 'SIZE',
  Tag: 'TAG',
  UniqueSize: 'UNIQUE SIZE',
}

function fields({ image, repository, tag, digest }: ListedImage, whole: boolean): Record<keyof typeof headers, string> {
  return {
    Containers: 'N/A',
    // Only where it is asked for: printing times takes half a millisecond the first time.
    get CreatedAt() {
      return goTime(image.createdAt)
    },
    CreatedSince: `${since(Date.now() - image.createdAt)} ago`,
    Digest: digest ?? '<none>',
    ID: shownId(image.id, whole),
    Repository: repository ?? '<none>',
    SharedSize: 'N/A',
    Size: bytes(image.size),
    Tag: tag ?? '<none>',
    UniqueSize: 'N/A',
  }
}

function shownId(id: ListedImage['image']['id'], whole: boolean): string {
  return whole ? id : hex(id).slice(0, 12)
}
