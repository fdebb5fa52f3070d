import { byteCount, StrakeError } from '../lib/mod.ts'
import { readDaemonJson } from '../registry/mod.ts'
import type { BuilderPruneOptions } from './builder-prune.ts'
import { cacheFilter } from './cache-filter.ts'
import type { Disk, SpaceLimits } from './space-limits.ts'

/** What is done one after the other to keep the build cache small; nothing where it is switched off. */
export type GcPolicy = readonly BuilderPruneOptions[]

/**
 * The policy of docker's daemon.json, `builder.gc`: `enabled`, `defaultReservedSpace` (or `defaultKeepStorage`), `defaultMaxUsedSpace`,
 * `defaultMinFreeSpace`, and `policy`, a list of `filter`, `keepDuration`, `reservedSpace` (or `keepStorage`), `maxUsedSpace`,
 * `minFreeSpace` and `all`. Without a list it is BuildKit's own. Throws `invalid`.
 */
export function readGcPolicy(disk: Disk, env: NodeJS.ProcessEnv = process.env): GcPolicy {
  const { file, value } = readDaemonJson(env)
  const at = (place: string, problem: string) => new StrakeError('invalid', `${file}: ${place} ${problem}`)
  const gc = table(table(value, 'builder', at), 'builder.gc', at)
  const { enabled = true, policy } = gc
  if (typeof enabled !== 'boolean') throw at('builder.gc.enabled', 'is neither true nor false')
  if (!enabled) return []
  const space = (from: Table, place: string, names: readonly string[]) => {
    for (const name of names) {
      if (from[name] === undefined || from[name] === '') continue
      const bytes = spaceOf(from[name], disk)
      if (bytes === undefined) throw at(`${place}.${name}`, `is no amount of space: ${JSON.stringify(from[name])}`)
      return bytes
    }
    return undefined
  }
  const defaults: SpaceLimits = {
    reservedSpace: space(gc, 'builder.gc', ['defaultReservedSpace', 'defaultKeepStorage']),
    maxUsedSpace: space(gc, 'builder.gc', ['defaultMaxUsedSpace']),
    minFreeSpace: space(gc, 'builder.gc', ['defaultMinFreeSpace']),
  }
  if (policy === undefined || policy === null) return defaultPolicy(disk, defaults)
  if (!Array.isArray(policy)) throw at('builder.gc.policy', 'is no list of rules')
  return policy.map((rule: unknown, i): BuilderPruneOptions => {
    const place = `builder.gc.policy[${i}]`
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) throw at(place, 'is no rule')
    const given = rule as Table
    const { all = false, filter = [], keepDuration } = given
    if (typeof all !== 'boolean') throw at(`${place}.all`, 'is neither true nor false')
    if (!Array.isArray(filter) || filter.some((text) => typeof text !== 'string')) {
      throw at(`${place}.filter`, 'is no list of texts like "type=exec.cachemount"')
    }
    const age = keepDuration === undefined || keepDuration === '' ? [] : [`unused-for=${duration(keepDuration)}`]
    const filters = [...(filter as string[]), ...age]
    try {
      cacheFilter(filters)
    } catch (error) {
      if (error instanceof StrakeError) throw at(place, `has an ${error.message}`)
      throw error
    }
    return {
      all,
      filters,
      reservedSpace: space(given, place, ['reservedSpace', 'keepStorage']) ?? defaults.reservedSpace,
      maxUsedSpace: space(given, place, ['maxUsedSpace']) ?? defaults.maxUsedSpace,
      minFreeSpace: space(given, place, ['minFreeSpace']) ?? defaults.minFreeSpace,
    }
  })
}

type Table = Readonly<Record<string, unknown>>

function table(from: Table, place: string, at: (place: string, problem: string) => StrakeError): Table {
  const value = from[place.slice(place.lastIndexOf('.') + 1)]
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw at(place, 'is no object')
  return value as Table
}

/** `20GB`, `10%` of the disk, or bytes. */
function spaceOf(value: unknown, disk: Disk): number | undefined {
  const text = String(value)
  const percent = /^(\d{1,2}|100)%$/.exec(text)?.[1]
  return percent === undefined ? byteCount(text) : share(disk, Number(percent))
}

/** A number alone is seconds, as BuildKit reads it. */
function duration(value: unknown): string {
  return /^\d+$/.test(String(value)) ? `${value}s` : String(value)
}

/** A part of the disk, rounded up to whole gigabytes as docker does it. */
function share({ size }: Disk, percent: number): number {
  return (Math.floor((size * percent) / 100 / 2 ** 30) + 1) * 1e9
}

/** How much of the reserved space cache mounts of days ago may have, in percent. */
const mountPercent = Math.E * Math.PI * ((1 + Math.sqrt(5)) / 2)

/** The rules of docker's own BuildKit (moby, builder-next/worker/gc.go). */
function defaultPolicy(disk: Disk, given: SpaceLimits): GcPolicy {
  const limits = {
    reservedSpace: given.reservedSpace || share(disk, 10),
    maxUsedSpace: given.maxUsedSpace || share(disk, 80),
    minFreeSpace: given.minFreeSpace || share(disk, 20),
  }
  return [
    {
      filters: ['type=exec.cachemount', 'unused-for=48h'],
      maxUsedSpace: Math.max(512e6, Math.round((limits.reservedSpace / 100) * mountPercent)),
    },
    { filters: ['unused-for=1440h'], ...limits },
    limits,
    { all: true, ...limits },
  ]
}
