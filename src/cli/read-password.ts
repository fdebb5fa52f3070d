import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'
import { readSecret } from './read-line.ts'

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
  const password = await readSecret(terminal, 'New password: ')
  if ((await readSecret(terminal, 'Again: ')) !== password)
    throw new StrakeError('invalid', 'the passwords are not the same')
  return password
}
