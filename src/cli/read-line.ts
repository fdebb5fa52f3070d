import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'

/**
 * Asks for a line; an empty one at the end of standard input. What follows the line stays there for the next question.
 * Throws `cancelled` when the signal fires.
 */
export function readLine(terminal: Terminal, question: string, signal?: AbortSignal): Promise<string> {
  terminal.out(question)
  return line(terminal.stdin, signal)
}

/** As `readLine`, for a line that nobody sees. Standard input must be a terminal; Ctrl-C there cancels, too. */
export async function readSecret(terminal: Terminal, question: string, signal?: AbortSignal): Promise<string> {
  const { stdin } = terminal
  terminal.out(question)
  stdin.setRawMode(true)
  try {
    return await line(stdin, signal)
  } finally {
    stdin.setRawMode(false)
    terminal.out('\n')
  }
}

/** What the keys of a terminal without a line discipline send. */
const keys = { cancel: 0x03, end: 0x04, backspace: 0x08, newline: 0x0a, enter: 0x0d, erase: 0x7f, clear: 0x15 } as const

/** By events: an iterator of standard input that is left would take the stream with it, and later questions would go unanswered. */
function line(stdin: Terminal['stdin'], signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const bytes: number[] = []
    const finish = (settle: () => void, rest?: Buffer) => {
      stdin.off('data', onData).off('end', onEnd).off('error', onError)
      signal?.removeEventListener('abort', onAbort)
      stdin.pause()
      if (rest?.length) stdin.unshift(rest)
      settle()
    }
    const onEnd = () => finish(() => resolve(Buffer.from(bytes).toString()))
    const onError = (error: Error) => finish(() => reject(error))
    const onAbort = () => finish(() => reject(new StrakeError('cancelled', 'cancelled')))
    const onData = (chunk: Buffer) => {
      for (const [i, byte] of chunk.entries()) {
        if (byte === keys.enter || byte === keys.newline || byte === keys.end) {
          const next = byte === keys.enter && chunk[i + 1] === keys.newline ? i + 2 : i + 1
          return finish(() => resolve(Buffer.from(bytes).toString()), chunk.subarray(next))
        }
        if (byte === keys.cancel) return onAbort()
        if (byte === keys.clear) bytes.length = 0
        else if (byte === keys.backspace || byte === keys.erase) {
          // A character of UTF-8 is a byte and those that continue it.
          while (bytes.length > 0 && (bytes.pop()! & 0xc0) === 0x80);
        } else bytes.push(byte)
      }
    }
    if (signal?.aborted) return onAbort()
    if (stdin.readableEnded || stdin.destroyed) return onEnd()
    signal?.addEventListener('abort', onAbort)
    stdin.on('data', onData).on('end', onEnd).on('error', onError)
    stdin.resume()
  })
}
