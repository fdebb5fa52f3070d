import {
  type Container,
  commandText,
  containerPorts,
  type Engine,
  imageText,
  ps,
  statusText,
  writableSize,
} from '../../engine/mod.ts'
import { bytes, renderListing, since } from '../../lib/mod.ts'
import { command } from '../command.ts'

const headers = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Ports: 'PORTS',
  State: 'STATE',
  Status: 'STATUS',
  Size: 'SIZE',
  Names: 'NAMES',
  Labels: 'LABELS',
  Mounts: 'MOUNTS',
  LocalVolumes: 'LOCAL VOLUMES',
  Networks: 'NETWORKS',
  Label: (name: unknown) => String(name),
}

const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names']

export default command({
  name: 'ps',
  usage: '[OPTIONS]',
  summary: 'List containers',
  examples: ['strake ps -a --filter status=exited', "strake ps --format '{{.Names}}: {{.Ports}}'"],
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Show all containers (default shows just running)' },
    filter: { kind: 'list', short: 'f', help: 'Filter output based on conditions provided' },
    format: { kind: 'string', help: "Format output: 'table', 'table TEMPLATE', 'json', or a Go template" },
    last: { kind: 'number', short: 'n', help: 'Show n last created containers (includes all states)' },
    latest: { kind: 'boolean', short: 'l', help: 'Show the latest created container (includes all states)' },
    'no-trunc': { kind: 'boolean', help: "Don't truncate output" },
    quiet: { kind: 'boolean', short: 'q', help: 'Only display container IDs' },
    size: { kind: 'boolean', short: 's', help: 'Display total file sizes' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { all, filter, latest, quiet, size = false, format } = options
    const last = options.last !== undefined && options.last >= 0 ? options.last : undefined
    const found = await ps(engine(), { all, filters: filter, last: latest ? 1 : last })
    const full = options['no-trunc'] ?? false
    if (quiet && format === undefined) {
      for (const { id } of found) terminal.out(`${full ? id : id.slice(0, 12)}\n`)
      return 0
    }
    const rows = found.map((container) =>
      row(engine(), container, { full, size: size || /\.Size\b/.test(format ?? '') }),
    )
    terminal.out(renderListing(rows, { headers, format, columns: size ? [...columns, 'Size'] : columns }))
    return 0
  },
})

function row(engine: Engine, container: Container, { full, size }: { readonly full: boolean; readonly size: boolean }) {
  const { id, name, createdAt, settings, state } = container
  const volumes = settings.mounts.filter((mount) => mount.kind === 'volume').map((mount) => mount.name)
  const binds = settings.mounts.filter((mount) => mount.kind === 'bind').map((mount) => mount.source)
  const cut = (text: string, length: number) => (full || text.length <= length ? text : `${text.slice(0, length - 1)}…`)
  return {
    ID: full ? id : id.slice(0, 12),
    Image: imageText(engine, container),
    Command: JSON.stringify(cut(commandText(container), 20)),
    CreatedAt: timestamp(createdAt),
    RunningFor: `${since(Date.now() - createdAt)} ago`,
    Ports: containerPorts(container),
    State: state.kind,
    Status: statusText(container),
    Size: size ? sizeText(engine, container) : '0B',
    Names: name,
    Labels: Object.entries(settings.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Mounts: [...volumes, ...binds].map((text) => cut(text, 15)).join(','),
    LocalVolumes: String(volumes.length),
    Networks: settings.network,
    Label: (key: unknown) => settings.labels[String(key)] ?? '',
  }
}

function sizeText(engine: Engine, container: Container): string {
  const own = writableSize(engine, container)
  const below = engine.images.find(container.image)?.size
  return below === undefined ? bytes(own) : `${bytes(own)} (virtual ${bytes(own + below)})`
}

/** `2024-05-01 12:30:00 +0200 CEST`, as Go prints times. */
function timestamp(milliseconds: number): string {
  const date = new Date(milliseconds)
  const two = (value: number) => String(value).padStart(2, '0')
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  const name = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone} ${name?.value ?? ''}`.trim()
}
