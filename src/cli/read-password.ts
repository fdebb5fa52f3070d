import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'

/** The whole of standard input without the line end, as docker's `--password-stdin` reads it. */
export async function passwordFromStdin(terminal: Terminal): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of terminal.stdin) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces)
    .toString()
    .replace(/\r?\n$/, '')
}

/** Asks twice for a password that is to be a new one, and shows nothing of it. */
export async function askNewPassword(terminal: Terminal): Promise<string> {
  if (!terminal.inIsTerminal) {
    throw new StrakeError('invalid', 'there is no terminal to ask for the password', {
      hint: 'Give it on standard input: --password-stdin',
    })
  }
  const password = await ask(terminal, 'New password: ')
  if ((await ask(terminal, 'Again: ')) !== password) throw new StrakeError('invalid', 'the passwords are not the same')
  return password
}

function ask(terminal: Terminal, prompt: string): Promise<string> {
  const { stdin } = terminal
  terminal.err(prompt)
  stdin.setRawMode(true)
  return new Promise<string>((resolve, reject) => {
    let text = ''
    const finish = (end: () => void) => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      terminal.err('\n')
      end()
    }
    const onData = (piece: Buffer) => {
      for (const character of piece.toString()) {
        if (character === '\r' || character === '\n') return finish(() => resolve(text))
        if (character === '\x03' || character === '\x04') {
          return finish(() => reject(new StrakeError('cancelled', 'cancelled')))
        }
        text = character === '\x7f' || character === '\b' ? [...text].slice(0, -1).join('') : text + character
      }
    }
    stdin.on('data', onData)
    stdin.resume()
  })
}
