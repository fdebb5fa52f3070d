import { listContainers, removeContainer } from '../containers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'
import { matchesLabels, parseFilters, parseMoment } from './filters.ts'
import { writableSize } from './ps.ts'

export interface PrunedContainers {
  readonly ids: readonly string[]
  /** Bytes of their writable layers. */
  readonly bytes: number
}

/** Removes the containers that do not run. Filters are `until=`, `label=` and `label!=`. Throws `invalid`. */
export async function containerPrune(
  engine: Engine,
  options: { readonly filters?: readonly string[] } = {},
): Promise<PrunedContainers> {
  const filters = parseFilters(options.filters ?? [], ['until', 'label', 'label!'])
  const until = Math.min(...(filters.get('until') ?? []).map((text) => parseMoment(text)))
  const without = filters.get('label!') ?? []
  const ids: string[] = []
  let bytes = 0
  for (const container of await listContainers(engine)) {
    const { id, createdAt, settings, state } = container
    const { labels } = settings
    if (state.kind === 'running' || createdAt >= until || !matchesLabels(labels, filters.get('label'))) continue
    if (without.some((label) => matchesLabels(labels, [label]))) continue
    const size = writableSize(engine, container)
    try {
      await removeContainer(engine, id)
    } catch (error) {
      // Another process has started or removed it meanwhile.
      if (error instanceof StrakeError && (error.code === 'conflict' || error.code === 'not_found')) continue
      throw error
    }
    ids.push(id)
    bytes += size
  }
  return { ids, bytes }
}
