import { listVolumes, type Volume, volumeUsers } from '../containers/mod.ts'
import type { Engine } from './engine.ts'
import { booleanFilter, matchesLabels, parseFilters } from './filters.ts'

/** The volumes of the store, by name. Filters are `dangling=`, `name=`, `label=` and `driver=`. Throws `invalid`. */
export function volumes(engine: Engine, options: { readonly filters?: readonly string[] } = {}): Volume[] {
  const filters = parseFilters(options.filters ?? [], ['dangling', 'driver', 'label', 'name'])
  const dangling = booleanFilter(filters, 'dangling')
  const users = volumeUsers(engine)
  return listVolumes(engine).filter(
    ({ name, labels }) =>
      (dangling === undefined || dangling === !users.has(name)) &&
      (filters.get('name')?.some((part) => name.includes(part)) ?? true) &&
      (filters.get('driver')?.includes('local') ?? true) &&
      matchesLabels(labels, filters.get('label')),
  )
}
