import type { ExplainedContext } from '../engine/mod.ts'
import { bytes } from '../lib/mod.ts'
import { columns } from './columns.ts'

/** How many of the largest files stand before the others. */
const largest = 10

/** What `build --explain-context` prints: the files, the largest first, and what is left out with the line that did it. */
export function contextReport({ files, leftOut, ignoreFile }: ExplainedContext): string {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const first = files.toSorted((a, b) => b.size - a.size).slice(0, largest)
  const others = files.filter((file) => !first.includes(file))
  const out = leftOut.reduce((sum, { files }) => sum + files, 0)
  const parts = [`The build sees ${count(files.length)}, ${bytes(total)}.\n`]
  if (first.length > 0) parts.push(`\n${others.length > 0 ? 'Largest' : 'Files, largest first'}:\n`, list(first))
  if (others.length > 0) parts.push('\nOthers:\n', list(others))
  if (ignoreFile === undefined) parts.push('\nThere is no .dockerignore: nothing is left out.\n')
  else {
    const size = leftOut.reduce((sum, { size }) => sum + size, 0)
    parts.push(`\nLeft out by ${ignoreFile}: ${count(out)}, ${bytes(size)}${leftOut.length > 0 ? ':' : '.'}\n`)
    const rows = leftOut.map(({ path, files, size, pattern, line }) => [
      `  ${bytes(size)}`,
      path.endsWith('/') ? `${path} (${count(files)})` : path,
      `${ignoreFile}:${line}`,
      pattern,
    ])
    parts.push(columns(rows))
  }
  return parts.join('')
}

const list = (files: ExplainedContext['files']) => columns(files.map(({ path, size }) => [`  ${bytes(size)}`, path]))

const count = (files: number) => (files === 1 ? '1 file' : `${files} files`)
