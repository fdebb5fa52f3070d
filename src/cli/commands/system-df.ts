import { type ContainerState, type DiskUsage, systemDf, type Usage } from '../../engine/mod.ts'
import { bytes, parseTemplate, renderListing, since } from '../../lib/mod.ts'
import { familiarName, hex, parseReference } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { goTime } from '../listing.ts'

export default command({
  name: 'system df',
  usage: '[OPTIONS]',
  summary: 'Show disk usage',
  options: {
    format: {
      kind: 'string',
      help: "Format output using a custom template: 'table', 'table TEMPLATE', 'json' or a Go template",
    },
    verbose: { kind: 'boolean', short: 'v', help: 'Show detailed information on space usage' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { format = 'table', verbose = false } = options
    const usage = await systemDf(engine())
    terminal.out(verbose ? details(usage, format) : overview(usage, format))
    return 0
  },
})

function overview({ images, containers, volumes, buildCache }: DiskUsage, format: string): string {
  const share = ({ size, reclaimable }: Usage<unknown>) =>
    size > 0 ? `${bytes(reclaimable, 4)} (${Math.floor((reclaimable * 100) / size)}%)` : bytes(reclaimable, 4)
  const row = (type: string, usage: Usage<unknown>, reclaimable: string) => ({
    Type: type,
    TotalCount: String(usage.total),
    Active: String(usage.active),
    Size: bytes(usage.size, 4),
    Reclaimable: reclaimable,
  })
  const rows = [
    row('Images', images, share(images)),
    row('Containers', containers, share(containers)),
    row('Local Volumes', volumes, share(volumes)),
    row('Build Cache', buildCache, bytes(buildCache.reclaimable, 4)),
  ]
  return renderListing(rows, {
    headers: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
    columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
    format,
  })
}

const imageHeaders = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  Size: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  Containers: 'CONTAINERS',
}
const containerHeaders = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  LocalVolumes: 'LOCAL VOLUMES',
  Size: 'SIZE',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Names: 'NAMES',
}
const volumeHeaders = { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' }
const cacheHeaders = {
  ID: 'CACHE ID',
  CacheType: 'CACHE TYPE',
  Size: 'SIZE',
  CreatedSince: 'CREATED',
  LastUsedSince: 'LAST USED',
  UsageCount: 'USAGE',
  Shared: 'SHARED',
  Description: 'DESCRIPTION',
}

/** Four tables; or one document that holds them as `Images`, `Containers`, `Volumes` and `BuildCache`. */
function details(usage: DiskUsage, format: string): string {
  const isTable = format === 'table'
  const items = rowsOf(usage, isTable)
  if (format === 'json') return `${JSON.stringify(items)}\n`
  if (!isTable) return `${parseTemplate(format).execute(items)}\n`
  const table = (rows: readonly Record<string, unknown>[], headers: Record<string, string>) => {
    const columns = Object.keys(headers)
    return renderListing(rows, { headers, columns })
  }
  return [
    `Images space usage:\n\n${table(items.Images, imageHeaders)}`,
    `Containers space usage:\n\n${table(items.Containers, containerHeaders)}`,
    `Local Volumes space usage:\n\n${table(items.Volumes, volumeHeaders)}`,
    `Build cache usage: ${bytes(usage.buildCache.size, 4)}\n\n${table(items.BuildCache, cacheHeaders)}`,
  ].join('\n')
}

function rowsOf({ images, containers, volumes, buildCache }: DiskUsage, short: boolean) {
  const now = Date.now()
  const ago = (time: number) => `${since(now - time)} ago`
  return {
    Images: images.items.map(({ image, sharedSize, uniqueSize, containers }) => {
      const reference = image.names[0] ? parseReference(image.names[0]) : undefined
      return {
        Repository: reference ? familiarName(reference) : '<none>',
        Tag: reference?.tag ?? '<none>',
        ID: short ? hex(image.id).slice(0, 12) : image.id,
        Digest: '',
        CreatedAt: goTime(image.createdAt),
        CreatedSince: ago(image.createdAt),
        Size: bytes(image.size),
        VirtualSize: bytes(image.size, 4),
        SharedSize: bytes(sharedSize, 4),
        UniqueSize: bytes(uniqueSize, 4),
        Containers: String(containers),
      }
    }),
    Containers: containers.items.map((container) => {
      const command = container.command.join(' ')
      return {
        ID: short ? container.id.slice(0, 12) : container.id,
        Image: container.image,
        Command: JSON.stringify(short && command.length > 20 ? `${command.slice(0, 19)}…` : command),
        LocalVolumes: String(container.volumes),
        Size: bytes(container.size),
        RunningFor: ago(container.createdAt),
        Status: status(container.state, now),
        Names: container.name,
      }
    }),
    Volumes: volumes.items.map(({ name, links, size }) => ({ Name: name, Links: String(links), Size: bytes(size, 4) })),
    BuildCache: buildCache.items.map((record) => ({
      ID: record.id,
      CacheType: record.type,
      Size: bytes(record.size),
      Parent: record.parents.join(','),
      CreatedAt: goTime(record.createdAt),
      CreatedSince: ago(record.createdAt),
      LastUsedAt: goTime(record.usedAt),
      LastUsedSince: ago(record.usedAt),
      UsageCount: String(record.uses),
      InUse: String(record.inUse),
      Shared: String(record.shared),
      Description: record.description,
    })),
  }
}

/** As `docker ps` words it. */
function status(state: ContainerState, now: number): string {
  if (state.kind === 'running') return `Up ${since(now - state.startedAt)}`
  if (state.kind === 'exited') return `Exited (${state.exitCode}) ${since(now - state.finishedAt)} ago`
  return state.kind === 'created' ? 'Created' : 'Removal In Progress'
}
