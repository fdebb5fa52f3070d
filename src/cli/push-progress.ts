import type { Terminal } from './command.ts'
import type { ProgressView } from './progress.ts'
import { transferProgress } from './progress-transfer.ts'

/** Shows a build with `view`, until it pushes what it made: that is shown as `strake push` does. */
export function pushProgress(terminal: Terminal, view: ProgressView, quiet = false): ProgressView {
  let pushing: ProgressView | undefined
  return {
    sink(event) {
      if (event.kind === 'status' && event.vertex === 'push' && !pushing) {
        view[Symbol.dispose]()
        pushing = transferProgress(terminal, { to: 'err', quiet })
      }
      const shown = pushing ?? view
      shown.sink(event)
    },
    [Symbol.dispose]: () => pushing?.[Symbol.dispose](),
  }
}
