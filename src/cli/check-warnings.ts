import type { CheckEvent } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { printable } from './display.ts'

/** What the checks of a build warn of, shown below all else as docker does: when it is disposed of. */
export interface CheckWarnings extends Disposable {
  add(event: CheckEvent): void
}

export function checkWarnings({ err, color }: Pick<Terminal, 'err' | 'color'>): CheckWarnings {
  const events: CheckEvent[] = []
  return {
    add: (event) => void events.push(event),
    [Symbol.dispose]() {
      if (events.length === 0) return
      const found = events.length === 1 ? '1 warning found' : `${events.length} warnings found`
      const lines = events.map(
        ({ rule, message, range }) => ` - ${rule}: ${printable(message)} (line ${range.start.line})\n`,
      )
      err(`\n ${color('yellow', `${found} (use strake build --check to expand):`)}\n${lines.join('')}`)
    },
  }
}
