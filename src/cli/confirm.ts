import { createInterface } from 'node:readline'
import type { Terminal } from './command.ts'

/** Asks as docker does: anything but `y` is a no, and so is the end of standard input. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  terminal.out(`${question} [y/N] `)
  const lines = createInterface({ input: terminal.stdin })
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim())
    return false
  } finally {
    lines.close()
    terminal.stdin.pause()
  }
}
