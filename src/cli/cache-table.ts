import type { CacheUsage } from '../engine/mod.ts'
import { bytes, renderListing, since } from '../lib/mod.ts'
import { printable } from './display.ts'
import { goTime } from './listing.ts'

const headers = {
  ID: 'ID',
  CreatedAt: 'CREATED AT',
  Parents: 'PARENTS',
  Mutable: 'MUTABLE',
  Reclaimable: 'RECLAIMABLE',
  Shared: 'SHARED',
  Size: 'SIZE',
  Description: 'DESCRIPTION',
  UsageCount: 'USAGE',
  LastUsedAt: 'LAST ACCESSED',
  Type: 'TYPE',
}

/** How much of a description stands in a table. */
const shortest = 60

/** Records of the build cache as `docker buildx du` shows them: a table (by default), `pretty`, `json`, or a template. */
export function cacheTable(records: readonly CacheUsage[], format = 'table'): string {
  if (format === 'pretty') return records.map(details).join('')
  const isTable = format.startsWith('table')
  const now = Date.now()
  const rows = records.map(({ id, type, parents, description, size, createdAt, usedAt, uses, shared, inUse }) => {
    const text = isTable ? printable(description).replaceAll(/\s+/g, ' ') : description
    const mutable = type === 'exec.cachemount'
    return {
      ID: isTable && mutable ? `${id}*` : id,
      CreatedAt: goTime(createdAt),
      Parents: parents.length ? parents : null,
      Mutable: mutable,
      Reclaimable: !inUse,
      Shared: shared,
      Size: bytes(size, 4),
      Description: isTable && text.length > shortest ? `${text.slice(0, shortest - 1)}…` : text,
      UsageCount: uses,
      LastUsedAt: `${since(now - usedAt)} ago`,
      Type: type,
    }
  })
  const columns = ['ID', 'Reclaimable', 'Size', 'LastUsedAt', 'Description']
  return renderListing(rows, { headers, columns, format })
}

function details(record: CacheUsage): string {
  const { id, type, parents, description, size, createdAt, usedAt, uses, shared, inUse } = record
  const lines: [string, unknown][] = [
    ['ID', id],
    ...(parents.length
      ? ([['Parents', parents.map((parent) => `\n - ${parent}`).join('')]] as [string, string][])
      : []),
    ['Created at', goTime(createdAt)],
    ['Mutable', type === 'exec.cachemount'],
    ['Reclaimable', !inUse],
    ['Shared', shared],
    ['Size', bytes(size, 4)],
    ['Description', printable(description)],
    ['Usage count', uses],
    ['Last used', `${since(Date.now() - usedAt)} ago`],
    ['Type', type],
  ]
  const line = ([name, value]: [string, unknown]) =>
    name === 'Parents' ? `${name}:${value}` : `${`${name}:`.padEnd(14)}${value}`
  return `${lines.map(line).join('\n')}\n\n`
}
