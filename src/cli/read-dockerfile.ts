import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errno, StrakeError } from '../lib/mod.ts'
import { readInput } from './build-context.ts'
import type { Terminal } from './command.ts'

export interface DockerfileText {
  /** As messages name it. */
  readonly file: string
  readonly text: Uint8Array
}

/** The Dockerfile that an argument names: a file, a folder with a Dockerfile, or `-` for standard input. Throws `not_found`. */
export async function readDockerfile(argument: string, terminal: Terminal): Promise<DockerfileText> {
  if (argument === '-') return { file: '<stdin>', text: await readInput(terminal, 'the Dockerfile') }
  try {
    const file = statSync(argument).isDirectory() ? join(argument, 'Dockerfile') : argument
    return { file, text: readFileSync(file) }
  } catch (cause) {
    const why = { ENOENT: 'no such file or directory', ENOTDIR: 'not a directory', EACCES: 'permission denied' }
    const name = errno(cause) as keyof typeof why
    if (!why[name]) throw cause
    throw new StrakeError('not_found', `failed to read dockerfile: open ${argument}: ${why[name]}`, { cause })
  }
}
