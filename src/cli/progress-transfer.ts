import { bytes, type StatusEvent } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { fit, printable } from './display.ts'
import type { ProgressView } from './progress.ts'

const frameTime = 100
const barWidth = 50

/**
 * Layers on their way, as docker shows them: on a terminal a line for each, with a bar, rewritten in place; elsewhere a
 * line when something is done. With `quiet`, warnings alone.
 */
export function transferProgress(
  terminal: Terminal,
  { to = 'out', quiet = false }: { readonly to?: 'out' | 'err'; readonly quiet?: boolean | undefined } = {},
): ProgressView {
  const write = (text: string) => (to === 'out' ? terminal.out(text) : terminal.err(text))
  const live =
    !quiet && (to === 'out' ? terminal.outIsTerminal : terminal.errIsTerminal) && terminal.env.TERM !== 'dumb'
  const lines = new Map<string, StatusEvent>()
  let painted = 0
  let paintedAt = 0
  let changed = false
  const paint = () => {
    if (!live || !changed) return
    changed = false
    const stream = to === 'out' ? process.stdout : process.stderr
    const [columns, rows] = [stream.columns || 80, stream.rows || 24]
    const shown = [...lines.values()].slice(-Math.max(1, rows - 2)).map((event) => lineOf(event, columns))
    const up = painted > 0 ? `\x1b[${painted}A` : ''
    write(`${up}${shown.map((line) => `\x1b[2K${line}\r\n`).join('')}`)
    painted = shown.length
    paintedAt = Date.now()
  }
  const timer = live ? setInterval(paint, frameTime).unref() : undefined
  return {
    sink(event) {
      if (event.kind === 'notice') {
        if (event.level === 'warning') terminal.err(`WARNING: ${printable(event.message)}\n`)
        else if (!quiet) {
          // The lines stay where they are, above the notice.
          paint()
          painted = 0
          lines.clear()
          write(`${printable(event.message)}\n`)
        }
        return
      }
      if (event.kind !== 'status' || quiet) return
      if (live) {
        lines.set(event.id, event)
        changed = true
        if (Date.now() - paintedAt > frameTime) paint()
      } else if (event.done) write(`${printable(event.label)}\n`)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      paint()
      painted = 0
      lines.clear()
    },
  }
}

/** `5f70bf18a086: Pushing [=====>      ]  12.3MB/45.6MB`. */
function lineOf({ label, current, total, done }: StatusEvent, columns: number): string {
  const text = printable(label)
  if (done || !total || current === 0) return fit(text, columns - 1)
  const amount = `${bytes(Math.min(current, total), 4)}/${bytes(total, 4)}`
  const filled = Math.min(barWidth, Math.floor((current / total) * barWidth))
  const bar = `[${'='.repeat(Math.max(0, filled - 1))}>${' '.repeat(barWidth - Math.max(1, filled))}]`
  const whole = `${text} ${bar}  ${amount}`
  return whole.length < columns ? whole : fit(`${text}  ${amount}`, columns - 1)
}
