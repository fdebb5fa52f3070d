import { bytes, duration, missText, type ProgressEvent } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { columnsOf, fit, printable } from './display.ts'
import type { ProgressView } from './progress.ts'
import { type Board, boardOf, type Vertex } from './progress-board.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface TtyOptions {
  readonly write: (text: string) => void
  readonly size: () => Size
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly color: Terminal['color']
  readonly title: string
}

export interface TtyView extends ProgressView {
  /** Draws a frame, in one write, if it differs from the one that stands there. */
  paint(): void
  /** Gives the cursor back. */
  release(): void
}

const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'

/**
 * The live view: a head, a line for each vertex with its time, and below the running ones their bytes and last lines of
 * output. It stands where it was first drawn and is drawn over; disposing it draws the whole of it a last time, with
 * the output of what failed.
 */
export function ttyProgress({ write, size, now, color, title }: TtyOptions): TtyView {
  const started = now()
  const board = boardOf()
  let notices: string[] = []
  let drawn: readonly string[] = []
  let hidden = false
  let over = false

  const view: TtyView = {
    sink(event: ProgressEvent) {
      if (event.kind === 'notice') notices.push(...noticeLines(event))
      else board.take(event)
    },
    paint() {
      const { columns, rows } = size()
      const lines = frame(board, { title, started, now: now(), color, columns: columns || 80, rows: rows || 24 })
      draw(lines, columns || 80)
    },
    release() {
      if (hidden) write(showCursor)
      hidden = false
    },
    [Symbol.dispose]() {
      if (over) return
      over = true
      const columns = size().columns || 80
      const whole = { title, started, now: now(), color, columns, rows: Number.POSITIVE_INFINITY, over: true }
      if (board.vertices.length > 0 || notices.length > 0) draw(frame(board, whole), columns)
      for (const vertex of board.vertices) if (vertex.state === 'failed') write(failedLog(vertex))
      view.release()
    },
  }
  return view

  function noticeLines(event: ProgressEvent & { kind: 'notice' }): string[] {
    const text = printable(event.message).split('\n')
    const hint = event.hint?.split('\n') ?? []
    if (event.level === 'warning') text[0] = `${color('yellow', 'WARNING:')} ${text[0]}`
    return [...text, ...hint.map((line) => `${color('cyan', 'hint:')} ${printable(line)}`)]
  }

  function draw(lines: readonly string[], columns: number): void {
    if (notices.length === 0 && lines.length === drawn.length && lines.every((line, i) => line === drawn[i])) return
    // A terminal that was made narrower has wrapped the old lines.
    const up = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(printable(line)) / columns)), 0)
    let text = hidden ? '' : hideCursor
    if (up > 0) text += `\x1b[${up}A\r`
    for (const line of [...notices, ...lines]) text += `${line}\x1b[K\n`
    write(`${text}\x1b[J`)
    hidden = true
    notices = []
    drawn = lines
  }

  function failedLog(vertex: Vertex): string {
    const { lines, dropped } = vertex.log
    if (lines.length === 0) return ''
    const rule = '------'
    const before = dropped > 0 ? [color('dim', `(${dropped} earlier lines; --progress plain shows all)`)] : []
    return `${[rule, ` > ${vertex.name}:`, ...before, ...lines, rule].join('\n')}\n`
  }
}

interface FrameOptions {
  readonly title: string
  readonly started: number
  readonly now: number
  readonly color: Terminal['color']
  readonly columns: number
  readonly rows: number
  readonly over?: boolean
}

const logLines = 6

/** The lines of one frame; at most one less than the terminal has rows. */
function frame(board: Board, options: FrameOptions): string[] {
  const { title, started, now, color, columns, rows, over = false } = options
  const { vertices, done, total, failed } = board
  const end = over ? Math.max(started, ...vertices.map(({ endedAt }) => endedAt ?? now)) : now
  const state = failed ? 'FAILED' : over && done === total ? 'FINISHED' : ''
  const text = `[+] ${title} ${duration((end - started) / 1000)} (${done}/${total})`
  const head = state
    ? `${fit(text, columns - state.length - 1)} ${color(failed ? 'red' : 'green', state)}`
    : fit(text, columns)

  // Where there is not room for all, running vertices win over ended ones, late ones over early ones.
  const room = rows - 2
  const blocks = vertices.map((vertex) => ({ vertex, lines: vertexLines(vertex, options) }))
  let height = blocks.reduce((sum, { lines }) => sum + lines.length, 0)
  for (const running of [false, true]) {
    for (let i = 0; i < blocks.length && height > room; i++) {
      const block = blocks[i]!
      if ((block.vertex.state === 'started') !== running) continue
      const spare = running ? Math.min(height - room, block.lines.length - 1) : block.lines.length
      height -= spare
      block.lines = running ? [block.lines[0]!, ...block.lines.slice(1 + spare)] : []
    }
  }
  return [head, ...blocks.flatMap(({ lines }) => lines)].slice(0, Math.max(1, rows - 1))
}

function vertexLines(vertex: Vertex, { now, color, columns, over }: FrameOptions): string[] {
  const { state, name, startedAt, endedAt } = vertex
  const time = duration(Math.max(0, (endedAt ?? now) - startedAt) / 1000)
  const prefix = { cached: 'CACHED ', failed: 'ERROR ', cancelled: 'CANCELED ', started: '', done: '' }[state]
  const text = row(` => ${prefix}${name}`, time, columns)
  const tone = ({ cached: 'cyan', done: 'cyan', failed: 'red', cancelled: 'yellow' } as const)[state as 'cached']
  const lines = [tone ? color(tone, text) : text]
  if (vertex.miss) {
    lines.push(color('yellow', fit(` => => not cached: ${printable(missText(vertex.miss))}`, columns)))
  }
  if (vertex.from) lines.push(color('dim', fit(` => => from ${printable(vertex.from)}`, columns)))
  if (state !== 'started' || over) return lines
  for (const part of vertex.parts.values()) lines.push(row(` => => ${part.label}`, amount(part), columns))
  for (const line of vertex.log.last(logLines)) lines.push(color('dim', fit(` => => # ${line}`, columns)))
  return lines
}

function amount({ unit, current, total }: { unit: 'bytes' | 'items'; current: number; total?: number }): string {
  const text = (count: number) => (unit === 'bytes' ? bytes(count) : String(count))
  return total === undefined ? text(current) : `${text(current)} / ${text(total)}`
}

/** Two texts at both ends of a line; the left one is cut where it must be. */
function row(left: string, right: string, columns: number): string {
  const room = columns - right.length - 1
  if (room < 8) return fit(left, columns)
  const shown = fit(left, room)
  return `${shown}${' '.repeat(room - columnsOf(shown))} ${right}`
}
