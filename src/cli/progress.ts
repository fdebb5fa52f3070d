import { type ProgressSink, StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { plainProgress } from './progress-plain.ts'
import { quietProgress } from './progress-quiet.ts'
import { rawJsonProgress } from './progress-rawjson.ts'
import { type Size, ttyProgress } from './progress-tty.ts'

/** What a person sees of a long operation. Disposing it shows what is still held back and leaves the terminal clean. */
export interface ProgressView extends Disposable {
  readonly sink: ProgressSink
}

/**
 * `tty` is the live view; `plain` writes lines, for logs; `quiet` shows only the output of what failed, and `none` not even
 * that; `rawjson` is for programs.
 */
export type ProgressMode = 'auto' | 'none' | 'plain' | 'quiet' | 'rawjson' | 'tty'

/** For the help of `--progress`. */
export const progressModes: readonly ProgressMode[] = ['auto', 'none', 'plain', 'quiet', 'rawjson', 'tty']

/**
 * Starts to render. `using view = showProgress(terminal)`, then hand `view.sink` to the operation.
 *
 * @param title what the operation does, for the live view's head: `Building`
 * @param mode as a person gave it. `auto` is the live view on a terminal, if neither NO_COLOR, CI nor TERM=dumb is set
 * @throws `invalid` for an unknown mode, and for `tty` where standard error is no terminal
 */
export function showProgress(terminal: Terminal, title: string, mode = 'auto'): ProgressView {
  const write = (text: string | Uint8Array) => terminal.err(text)
  switch (mode) {
    case 'none':
      return { sink() {}, [Symbol.dispose]() {} }
    case 'quiet':
      return quietProgress(write)
    case 'rawjson':
      return rawJsonProgress(write)
    case 'plain':
      return plainProgress(write)
    case 'tty':
      if (!terminal.errIsTerminal) {
        throw new StrakeError('invalid', '--progress tty needs a terminal on standard error')
      }
      return live(terminal, title)
    case 'auto': {
      const { NO_COLOR, CI, TERM } = terminal.env
      const lively = terminal.errIsTerminal && !NO_COLOR && !CI && TERM !== 'dumb'
      return lively ? live(terminal, title) : plainProgress(write)
    }
    default:
      throw new StrakeError('invalid', `invalid progress mode ${mode}`, {
        hint: `It is one of ${progressModes.join(', ')}.`,
      })
  }
}

const frameTime = 100

function live(terminal: Terminal, title: string): ProgressView {
  const size = (): Size => {
    const [columns, rows] = process.stderr.getWindowSize()
    return { columns, rows }
  }
  const view = ttyProgress({ write: (text) => terminal.err(text), size, title, color: terminal.color, now: Date.now })
  const timer = setInterval(() => view.paint(), frameTime).unref()
  // However the process ends, the cursor comes back.
  const restore = () => view.release()
  process.once('exit', restore)
  let painted = Date.now()
  return {
    sink(event) {
      view.sink(event)
      // An operation that keeps the thread busy would starve the timer.
      if (Date.now() - painted < frameTime) return
      painted = Date.now()
      view.paint()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      process.off('exit', restore)
      view[Symbol.dispose]()
    },
  }
}
