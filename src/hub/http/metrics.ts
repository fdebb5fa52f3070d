const buckets = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60]

interface Durations {
  readonly counts: number[]
  sum: number
  count: number
}

/** Counts what happens, and prints it as Prometheus reads it (text format 0.0.4). */
export class Metrics {
  readonly #counters = new Map<string, number>()
  readonly #durations = new Map<string, Durations>()

  /** Labels are our own words, never a client's. */
  count(name: string, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const key = name + printLabels(labels)
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + by)
  }

  duration(route: string, seconds: number): void {
    let durations = this.#durations.get(route)
    if (!durations) {
      durations = { counts: buckets.map(() => 0), sum: 0, count: 0 }
      this.#durations.set(route, durations)
    }
    for (const [i, limit] of buckets.entries()) if (seconds <= limit) durations.counts[i]!++
    durations.sum += seconds
    durations.count++
  }

  /** @param gauges values of now, by name */
  print(gauges: Readonly<Record<string, number>>): string {
    const lines: string[] = []
    for (const [name, value] of Object.entries(gauges)) lines.push(`# TYPE ${name} gauge`, `${name} ${value}`)
    let last = ''
    for (const [key, value] of [...this.#counters].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const name = key.split('{')[0]!
      if (name !== last) lines.push(`# TYPE ${name} counter`)
      last = name
      lines.push(`${key} ${value}`)
    }
    const name = 'strake_hub_request_duration_seconds'
    if (this.#durations.size > 0) lines.push(`# TYPE ${name} histogram`)
    for (const [route, { counts, sum, count }] of this.#durations) {
      for (const [i, limit] of buckets.entries()) {
        lines.push(`${name}_bucket${printLabels({ route, le: String(limit) })} ${counts[i]}`)
      }
      lines.push(`${name}_bucket${printLabels({ route, le: '+Inf' })} ${count}`)
      lines.push(
        `${name}_sum${printLabels({ route })} ${sum.toFixed(6)}`,
        `${name}_count${printLabels({ route })} ${count}`,
      )
    }
    return `${lines.join('\n')}\n`
  }
}

function printLabels(labels: Readonly<Record<string, string>>): string {
  const printed = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, '_')}"`)
  return printed.length > 0 ? `{${printed.join(',')}}` : ''
}
