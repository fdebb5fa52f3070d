import type { Terminal } from './command.ts'
import { readLine } from './read-line.ts'

/** Asks as docker does: anything but `y` is a no, and so is the end of standard input. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await readLine(terminal, `${question} [y/N] `)).trim())
}
