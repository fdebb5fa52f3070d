import { columnsOf, printable } from './display.ts'

/** Rows as a table, three blanks between the columns. Ends with a line end. */
export function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of cells) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, columnsOf(cell))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell + ' '.repeat(widths[i]! - columnsOf(cell)))
      .join('   ')
      .trimEnd()
  return cells.map((row) => `${line(row)}\n`).join('')
}
