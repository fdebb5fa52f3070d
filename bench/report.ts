import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import type { Measure } from './cases.ts'
import type { Tool } from './tools.ts'

/** What was measured of one measure, for each tool by name. */
export interface Row {
  readonly measure: Measure
  /** The row of what it is set beside. */
  readonly beside?: Row | undefined
  /** Seconds of every round. Empty where the tool could not do it. */
  readonly seconds: ReadonlyMap<string, readonly number[]>
  /** Bytes. */
  readonly memory: ReadonlyMap<string, number>
}

/** The middle of the values; with an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const half = (sorted.length - 1) / 2
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
}

function seconds(time: number | undefined): string {
  return time === undefined ? '–' : `${time.toFixed(time < 1 ? 3 : 2)} s`
}

function ratio(own: number | undefined, other: number | undefined, target = Number.POSITIVE_INFINITY): string {
  if (own === undefined || other === undefined) return '–'
  return `${(own / other).toFixed(2)}${own / other <= target ? '' : ' (missed)'}`
}

/** A table in Markdown, also good to read as it is. */
export function table(rows: readonly Row[], tools: readonly Tool[]): string {
  const names = tools.map(({ name }) => name)
  const head = ['', ...names, 'of Docker’s', 'target', ...names.map((name) => `${name} memory`)]
  const time = (name: string, row: Row) => median(row.seconds.get(name) ?? [])
  const body = rows.map((row) => {
    const { measure, beside, memory } = row
    const own = time('Strake', row)
    const docker = time('Docker', row)
    const other = beside && time('Strake', beside)
    return [
      measure.title,
      ...names.map((name) => seconds(time(name, row))),
      ratio(own, docker, measure.target),
      measure.beside
        ? `≤ ${measure.beside.target} of the one above: ${ratio(own, other, measure.beside.target)}`
        : measure.target === undefined
          ? ''
          : `≤ ${measure.target.toFixed(2)}`,
      ...names.map((name) => (memory.has(name) ? `${Math.round(memory.get(name)! / 1e6)} MB` : '–')),
    ]
  })
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((cells) => cells[column]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => '-'.repeat(width - (column ? 1 : 0)) + (column ? ':' : '')).join(' | ')} |`
  return [line(head), rule, ...body.map(line)].join('\n')
}

/** The page docs/benchmarks.md. */
export function page(rows: readonly Row[], tools: readonly Tool[], about: { rounds: number; dir: string }): string {
  const filesystem = execFileSync('stat', ['-f', '-c', '%T', about.dir], { encoding: 'utf8' }).trim()
  const processors = cpus()
  return `# Benchmarks

Made by \`npm run bench\` (it needs root, and Docker and Buildah to compare with). Medians of ${about.rounds} rounds (growth: of one) in which the
tools take turns, each in a shell that stays open, after a \`sync\`; what takes less than a tenth of a second is done five times in each. Memory is the peak of the resident memory of the tool's processes in a
round of its own, its daemon included.

${table(rows, tools)}

- Machine: ${processors.length} × ${processors[0]?.model.trim()}, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()}, ${filesystem}
- Node.js ${process.version}
${tools.map(({ name, version }) => `- ${name}: ${version}`).join('\n')}
- Date: ${new Date().toISOString().slice(0, 10)}
`
}
