import { listContainers, removeContainer } from '../containers/mod.ts'
import type { Engine } from './engine.ts'
import { matchesLabels, parseFilters, parseMoment } from './filters.ts'
import { writableSize } from './ps.ts'

export interface PrunedContainers {
  readonly ids: readonly string[]
  /** Bytes of their writable layers. */
  readonly size: number
}

/** Removes the containers that do not run. Filters are `until=` and `label=`. Throws `invalid`. */
export async function pruneContainers(
  engine: Engine,
  options: { readonly filters?: readonly string[] } = {},
): Promise<PrunedContainers> {
  const filters = parseFilters(options.filters ?? [], ['label', 'until'])
  const until = (filters.get('until') ?? []).map((text) => parseMoment(text))
  const ids: string[] = []
  let size = 0
  for (const container of await listContainers(engine)) {
    const { id, createdAt, settings, state } = container
    if (state.kind === 'running' || !until.every((time) => createdAt < time)) continue
    if (!matchesLabels(settings.labels, filters.get('label'))) continue
    const own = writableSize(engine, container)
    await removeContainer(engine, id)
    ids.push(id)
    size += own
  }
  return { ids, size }
}
