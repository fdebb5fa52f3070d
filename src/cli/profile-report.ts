import type { BuildProfile } from '../engine/mod.ts'
import { alignCells, bytes, duration } from '../lib/mod.ts'
import { fit, printable } from './display.ts'

/** Where the time of a build went, as a person reads it. Steps of the critical path bear a star. */
export function profileReport({ time, steps, cached, read, written, criticalTime }: BuildProfile): string {
  const seconds = (milliseconds: number) => duration(milliseconds / 1000)
  const size = (count: number) => (count === 0 ? '-' : bytes(count))
  const rows = steps.map((step) => [
    `${step.critical ? '*' : ' '} ${seconds(step.time)}`,
    size(step.read),
    size(step.written),
    step.state === 'done' ? fit(printable(step.name).replaceAll('\n', ' '), 70) : `${step.state}: ${step.name}`,
  ])
  const total = [`  ${seconds(time)}`, size(read), size(written), `in all; ${cached} steps from the cache`]
  const path = `* critical path: ${seconds(criticalTime)} of ${seconds(time)}`
  const lines = [['  TIME', 'READ', 'WRITTEN', 'STEP'], ...rows, total].map((cells) => cells.join('\t'))
  return `${[...alignCells(lines), path].join('\n')}\n`
}
