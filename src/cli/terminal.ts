import { fstatSync, writeSync } from 'node:fs'
import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 } as const

/** The terminal of this process. Reading and writing pipes works too, of course. */
export function openTerminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  let colored: boolean | undefined
  return {
    out: (text) => write(1, text),
    err: (text) => write(2, text),
    get stdin() {
      return process.stdin
    },
    get outIsTerminal() {
      return isTerminal(1)
    },
    get errIsTerminal() {
      return isTerminal(2)
    },
    get inIsTerminal() {
      return isTerminal(0)
    },
    color(name, text) {
      colored ??= isTerminal(2) && !env.NO_COLOR && env.TERM !== 'dumb'
      return colored ? `\x1b[${codes[name]}m${text}\x1b[0m` : text
    },
    env,
  }
}

/** Thrown when the reader of our output is gone (`strake images | head -1`): the command ends, silently. */
export class ClosedOutput extends Error {
  override readonly name = 'ClosedOutput'
}

/**
 * Writes all of it before it returns: nothing is lost when the process ends, a slow reader slows the writer, and a
 * command that prints little never starts Node's streams.
 */
function write(fd: 1 | 2, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EPIPE' || (code === 'EIO' && fstatSync(fd).isCharacterDevice()))
        throw new ClosedOutput('the reader of the output is gone')
      if (code === 'EAGAIN') {
        // Someone who shares the descriptor has made it non-blocking: wait a little for room.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
        continue
      }
      // What goes to a full disk there is no result, and nobody could be told.
      if (fd === 2) return
      throw new StrakeError('unavailable', `standard output cannot be written: ${message}`, { cause: error })
    }
  }
}

/** Whether a descriptor is a terminal. node:tty takes 2 ms to load, and files and pipes are ruled out without it. */
function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    // The descriptor is closed.
    return false
  }
}
