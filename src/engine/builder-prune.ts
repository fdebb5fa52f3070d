import { parseDuration } from '../dockerfile/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { buildCacheUsage, type CacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'

export interface BuilderPruneOptions {
  /** Also the layers that images and containers have: they stay, but builds will not find them any more. */
  readonly all?: boolean | undefined
  /** `unused-for=24h` (or `until=…`: not used since), `id=12`. All must hold. Throws `invalid` for others. */
  readonly filters?: readonly string[] | undefined
}

export interface BuilderPruned {
  readonly records: readonly CacheUsage[]
  /** Bytes freed. */
  readonly bytes: number
}

/** Forgets build steps, and removes what only they needed. What builds under way use stays until they end. */
export function builderPrune(engine: Engine, { all = false, filters = [] }: BuilderPruneOptions = {}): BuilderPruned {
  const matches = filters.map(readFilter)
  const { store } = engine
  const records = store.transaction(() => {
    const found = buildCacheUsage(engine).items.filter(
      (record) => (all || !record.shared) && !record.inUse && matches.every((match) => match(record)),
    )
    const remove = store.db.prepare('DELETE FROM cache WHERE snapshot = ?')
    for (const { id } of found) remove.run(id)
    // Steps without a layer take no space; they go when nothing is to be kept.
    if (all && !filters.length) store.db.exec('DELETE FROM cache WHERE snapshot IS NULL')
    return found
  })
  return { records, bytes: store.collect().bytes }
}

function readFilter(filter: string): (record: CacheUsage) => boolean {
  const [, key, value = ''] = /^([^=]*)=(.*)$/s.exec(filter) ?? []
  if (key === 'id') return (record) => String(record.id) === value
  if (key === 'until' || key === 'unused-for') {
    const before = Date.now() - milliseconds(value)
    return (record) => record.usedAt < before
  }
  throw new StrakeError('invalid', `invalid filter ${JSON.stringify(filter)}`, {
    hint: 'The build cache knows the filters unused-for=DURATION (24h, 30m), until=DURATION and id=ID',
  })
}

function milliseconds(duration: string): number {
  try {
    return parseDuration(duration) / 1e6
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new StrakeError('invalid', error.message, { hint: 'Write it as 24h or 1h30m', cause: error })
  }
}
