import { type BuildRecord, buildLog, findBuild, listBuilds, removeBuilds } from '../build/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'
import { parseFilters, parseMoment } from './filters.ts'

export interface BuildsOptions {
  /** `status=failed`, `until=24h` (begun before that), `name=…` (a part of it). All must hold. */
  readonly filters?: readonly string[] | undefined
}

/** The builds of this store that are known of, the latest first; of the latest 100 at least. */
export function builds(engine: Engine, { filters = [] }: BuildsOptions = {}): BuildRecord[] {
  const parsed = parseFilters(filters, ['status', 'until', 'name'])
  const statuses = parsed.get('status')?.map((status) => statusNames[status.toLowerCase()] ?? status)
  const before = Math.min(...(parsed.get('until') ?? []).map((text) => parseMoment(text)))
  const names = parsed.get('name')
  return listBuilds(engine.store).filter(
    ({ status, startedAt, name }) =>
      startedAt < before &&
      (!statuses || statuses.includes(status)) &&
      (!names || names.some((part) => name.includes(part))),
  )
}

/** buildx's words. */
const statusNames: Readonly<Record<string, string>> = { error: 'failed', canceled: 'cancelled' }

/**
 * One build: by its id, the beginning of it, or `^N`, the N-th before the latest; the latest without a reference.
 * Throws `not_found`, and `invalid` where several ids begin so.
 */
export function findBuildRecord(engine: Engine, ref?: string): BuildRecord {
  return findBuild(engine.store, ref)
}

/** The whole log of one of its steps (`StepRecord.id`): both streams as they came. Undefined where it said nothing. */
export function stepLog(engine: Engine, build: BuildRecord, step: string): Buffer | undefined {
  if (!build.steps.some(({ id }) => id === step)) {
    throw new StrakeError('not_found', `the build ${build.id} has no step ${JSON.stringify(step)}`)
  }
  return buildLog(engine.store, build.id, step)
}

/** Removes records with their logs. Throws `not_found`, and `conflict` for a build that runs. */
export function removeBuildRecords(engine: Engine, refs: readonly string[]): string[] {
  const found = refs.map((ref) => findBuild(engine.store, ref))
  removeBuilds(engine.store, found)
  return found.map(({ id }) => id)
}

/** Removes the records of all builds that have ended. */
export function removeAllBuildRecords(engine: Engine): string[] {
  const ended = listBuilds(engine.store).filter(({ status }) => status !== 'running')
  removeBuilds(engine.store, ended)
  return ended.map(({ id }) => id)
}
