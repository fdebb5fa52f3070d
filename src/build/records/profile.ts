import type { BuildRecord, StepRecord } from './types.ts'

/** Where the time of a build went. */
export interface BuildProfile {
  /** Milliseconds from its beginning to its end. */
  readonly time: number
  /** Those that were done, in the order of their beginning; `time` is in milliseconds. */
  readonly steps: readonly (StepRecord & { readonly time: number; readonly critical: boolean })[]
  readonly cached: number
  readonly read: number
  readonly written: number
  /** The steps of which each waited for the one before it, and which took the longest together. */
  readonly criticalPath: readonly StepRecord[]
  /** How long they took together, in milliseconds. */
  readonly criticalTime: number
}

export function profileOf(build: BuildRecord): BuildProfile {
  const end = build.endedAt ?? Math.max(build.startedAt, ...build.steps.map((step) => step.endedAt ?? step.startedAt))
  const byId = new Map(build.steps.map((step) => [step.id, step]))
  const timeOf = (step: StepRecord) => (step.state === 'cached' ? 0 : (step.endedAt ?? end) - step.startedAt)
  const longest = new Map<string, { time: number; path: readonly StepRecord[] }>()
  // Inputs are told of before what stands on them, but for cached ones, which take no time.
  for (const step of [...build.steps].sort((a, b) => a.startedAt - b.startedAt)) {
    let below: { time: number; path: readonly StepRecord[] } = { time: 0, path: [] }
    for (const input of step.inputs) {
      const known = byId.has(input) ? longest.get(input) : undefined
      if (known && known.time > below.time) below = known
    }
    const time = timeOf(step)
    longest.set(step.id, { time: below.time + time, path: time > 0 ? [...below.path, step] : below.path })
  }
  const critical = [...longest.values()].reduce((a, b) => (b.time > a.time ? b : a), { time: 0, path: [] })
  const sum = (key: 'read' | 'written') => build.steps.reduce((total, step) => total + step[key], 0)
  return {
    time: end - build.startedAt,
    steps: build.steps
      .filter((step) => timeOf(step) > 0 || step.written > 0)
      .map((step) => ({ ...step, time: timeOf(step), critical: critical.path.includes(step) })),
    cached: build.steps.filter(({ state }) => state === 'cached').length,
    read: sum('read'),
    written: sum('written'),
    criticalPath: critical.path,
    criticalTime: critical.time,
  }
}
