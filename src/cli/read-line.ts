import { createInterface } from 'node:readline'
import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'

/** Asks for a line; an empty one at the end of standard input. */
export async function readLine(terminal: Terminal, question: string): Promise<string> {
  terminal.out(question)
  const lines = createInterface({ input: terminal.stdin })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    terminal.stdin.pause()
  }
}

/** Asks for a line that nobody sees. Throws `cancelled` at Ctrl-C. */
export async function readSecret(terminal: Terminal, question: string): Promise<string> {
  terminal.out(question)
  const { stdin } = terminal
  stdin.setRawMode(true)
  try {
    let text = ''
    for await (const chunk of stdin) {
      for (const character of (chunk as Buffer).toString()) {
        if (character === '\r' || character === '\n' || character === '\x04') return text
        if (character === '\x03') throw new StrakeError('cancelled', 'cancelled')
        if (character === '\x7f' || character === '\b') text = [...text].slice(0, -1).join('')
        else if (character === '\x15') text = ''
        else text += character
      }
    }
    return text
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    terminal.out('\n')
  }
}
