import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'

/**
 * Does the same to each of several things and goes on where it fails. What `act` gives is printed; the last of the errors
 * is thrown at the end, the others are told at once.
 */
export async function each(
  names: readonly string[],
  terminal: Terminal,
  act: (name: string) => Promise<string | undefined>,
): Promise<void> {
  let last: StrakeError | undefined
  for (const name of names) {
    try {
      const text = await act(name)
      if (text !== undefined) terminal.out(`${text}\n`)
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code === 'cancelled') throw error
      if (last) terminal.err(`${terminal.color('red', 'ERROR:')} ${last.message}\n`)
      last = error
    }
  }
  if (last) throw last
}
