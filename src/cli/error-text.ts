import { errno, type SourceRange, StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { columnsOf, printable } from './display.ts'

export interface ErrorTextOptions {
  readonly color: Terminal['color']
  /** Also tell the stack and the causes. */
  readonly debug?: boolean
}

/** How many of the errors of one text are shown. */
const mostErrors = 10

/** What a person reads when a command fails: the message, the place in the source, the hint. Ends with a line end. */
export function errorText(error: unknown, { color, debug = false }: ErrorTextOptions): string {
  const lines: string[] = []
  if (error instanceof StrakeError && error.code !== 'internal') {
    const errors = singleErrors(error)
    for (const [i, one] of errors.slice(0, mostErrors).entries()) {
      if (i > 0) lines.push('')
      lines.push(`${color('red', 'ERROR:')} ${printable(one.message)}`)
      if (one.range) lines.push(...excerpt(one.range, one.source ?? error.source, color))
      for (const line of one.hint?.split('\n') ?? []) lines.push(`${color('cyan', 'hint:')} ${printable(line)}`)
    }
    if (errors.length > mostErrors) lines.push('', `… and ${errors.length - mostErrors} more errors`)
    if (debug) lines.push('', ...stack(error))
  } else if (machineErrors.has(errno(error) ?? '') || isWithoutFolder(error)) {
    lines.push(`${color('red', 'ERROR:')} ${printable((error as Error).message)}`)
    if (isWithoutFolder(error)) lines.push(`${color('cyan', 'hint:')} Go to another folder: this one has been removed.`)
    if (debug) lines.push('', ...stack(error))
  } else {
    const message = error instanceof Error ? error.message : String(error)
    lines.push(`${color('red', 'ERROR:')} ${printable(message)}`, 'This is a defect of Strake; please report it with:')
    lines.push(...stack(error))
  }
  return `${lines.join('\n')}\n`
}

/** What a machine may refuse anybody anywhere: no room, no right, no more files or memory, a failing disk. */
const machineErrors = new Set(['EACCES', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EPERM', 'EROFS'])

function isWithoutFolder(error: unknown): boolean {
  return errno(error) === 'ENOENT' && (error as NodeJS.ErrnoException).syscall === 'uv_cwd'
}

/** The errors of a text in which several things are wrong, of which the thrown one is the first. */
export function singleErrors(error: StrakeError): readonly StrakeError[] {
  const errors: unknown[] = error.cause instanceof AggregateError ? error.cause.errors : []
  const known = errors.filter((one) => one instanceof StrakeError)
  return known.length > 0 ? known : [error]
}

/** `Dockerfile:3:5`, the lines with one before and one after, and a caret under the place. */
export function excerpt(range: SourceRange, text: string | undefined, color: Terminal['color']): string[] {
  const { file, start, end } = range
  const lines = [`${color('bold', `${printable(file)}:${start.line}:${start.column}`)}`]
  if (text === undefined) return lines
  const written = text.split(/\r?\n/)
  if (start.line > written.length) return lines
  const lastMarked = Math.min(end.column > 1 ? end.line : Math.max(start.line, end.line - 1), start.line + 9)
  const last = Math.min(written.length, lastMarked + 1)
  const gutter = String(last).length
  for (let number = Math.max(1, start.line - 1); number <= last; number++) {
    const line = written[number - 1]!
    const marked = number >= start.line && number <= lastMarked
    if (!marked && line.trim() === '') continue
    const margin = `${String(number).padStart(gutter)} | `
    lines.push(color('dim', ` ${margin}`) + printable(line))
    if (!marked) continue
    const indent = line.length - line.trimStart().length
    const from = number === start.line ? start.column - 1 : indent
    const to = number === end.line ? end.column - 1 : line.trimEnd().length
    const before = columnsOf(printable(line.slice(0, from)))
    const width = Math.max(1, columnsOf(printable(line.slice(from, to))))
    lines.push(' '.repeat(margin.length + 1 + before) + color('red', '^'.repeat(width)))
  }
  return lines
}

function stack(error: unknown): string[] {
  const lines: string[] = []
  for (let cause = error, depth = 0; cause !== undefined && depth < 8; depth++) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    lines.push(...printable(`${depth > 0 ? 'caused by: ' : ''}${text}`).split('\n'))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return lines
}
