import { StrakeError } from './error.ts'
import { parseTemplate } from './template.ts'
import type { TemplateFunction } from './template-functions.ts'

/**
 * Lines up cells that are parted by tabs, as docker's tables look (Go's text/tabwriter with at least 10 columns a
 * cell and 3 spaces between cells). What follows a line's last tab is not padded.
 */
export function alignCells(lines: readonly string[]): string[] {
  const rows = lines.map((line) => line.split('\t'))
  const out = rows.map(() => '')
  const columns = Math.max(0, ...rows.map((row) => row.length))
  for (let column = 0; column < columns; column++) {
    for (let start = 0; start < rows.length; ) {
      if (rows[start]!.length <= column + 1) {
        out[start]! += rows[start]![column] ?? ''
        start++
        continue
      }
      // A column is a run of lines that all end this cell with a tab.
      let end = start
      while (end < rows.length && rows[end]!.length > column + 1) end++
      const cells = rows.slice(start, end).map((row) => row[column]!)
      const width = Math.max(10, ...cells.map((cell) => [...cell].length + 3))
      for (const [i, cell] of cells.entries()) out[start + i]! += cell + ' '.repeat(width - [...cell].length)
      start = end
    }
  }
  return out
}

export interface Listing {
  /** Heading of each field that a template may name; a function for a field that takes arguments. */
  readonly headers: Readonly<Record<string, string | TemplateFunction>>
  /** The fields that `table` shows. */
  readonly columns: readonly string[]
  /** `table`, `table TEMPLATE`, `json`, a template; `table` when undefined. */
  readonly format?: string | undefined
}

type Row = Readonly<Record<string, unknown>>

const same: TemplateFunction = (value) => value
const inHeader = {
  json: same,
  split: same,
  join: same,
  title: same,
  lower: same,
  upper: same,
  pad: same,
  truncate: same,
}

/**
 * Rows as docker's listing commands print them with `--format`. Each row holds the fields of `headers`.
 * Returns whole lines. Throws `invalid` for a bad template.
 */
export function renderListing(rows: readonly Row[], { headers, columns, format = 'table' }: Listing): string {
  let text = format.trim()
  if (text === 'json') return rows.map((row) => `${sortedJson(row)}\n`).join('')
  if (text === 'table') {
    const line = (row: Row) => columns.map((name) => row[name]).join('\t')
    return aligned([headers, ...rows].map(line))
  }
  const isTable = text.startsWith('table ')
  if (isTable) text = text.slice('table'.length).trim()
  // The shell passes \t and \n on as they are typed.
  text = text.replaceAll('\\t', '\t').replaceAll('\\n', '\n')
  if (text === '') throw new StrakeError('invalid', 'template parsing error: the format is empty')
  const template = parseTemplate(text)
  const lines = rows.map((row) => template.execute(row))
  return isTable ? aligned([template.execute(headers, inHeader), ...lines]) : lines.map((line) => `${line}\n`).join('')
}

function aligned(lines: readonly string[]): string {
  return alignCells(lines.flatMap((line) => line.split('\n')))
    .map((line) => `${line}\n`)
    .join('')
}

/** Docker's listings are maps in Go, whose keys are written in order. */
function sortedJson(row: Row): string {
  return JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
}
