import { listContainers, removeContainer } from '../containers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'
import { matchesLabels, parseFilters, parseMoment } from './filters.ts'
import { writableSize } from './ps.ts'

export interface PrunedContainers {
  readonly ids: readonly string[]
  /** Bytes of their writable layers. */
  readonly size: number
}

/** Removes the containers that do not run. Filters are `until=`, `label=` and `label!=`. Throws `invalid`. */
export async function pruneContainers(
  engine: Engine,
  options: { readonly filters?: readonly string[] } = {},
): Promise<PrunedContainers> {
  const filters = parseFilters(options.filters ?? [], ['label', 'label!', 'until'])
  const until = (filters.get('until') ?? []).map((text) => parseMoment(text))
  const without = filters.get('label!') ?? []
  const ids: string[] = []
  let size = 0
  for (const container of await listContainers(engine)) {
    const { id, createdAt, settings, state } = container
    if (state.kind === 'running' || !until.every((time) => createdAt < time)) continue
    if (!matchesLabels(settings.labels, filters.get('label'))) continue
    if (without.some((label) => matchesLabels(settings.labels, [label]))) continue
    const own = writableSize(engine, container)
    try {
      await removeContainer(engine, id)
    } catch (error) {
      // Another process has started or removed it meanwhile.
      if (error instanceof StrakeError && (error.code === 'conflict' || error.code === 'not_found')) continue
      throw error
    }
    ids.push(id)
    size += own
  }
  return { ids, size }
}
