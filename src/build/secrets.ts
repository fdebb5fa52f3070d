import { readFileSync, statSync } from 'node:fs'
import { errno, StrakeError } from '../lib/mod.ts'
import { type Redactor, redaction } from './redact.ts'
import type { BuildSecret } from './types.ts'

/** The secrets of a build, by id. They are in memory only. */
export interface Secrets {
  get(id: string): Uint8Array | undefined
  /** What takes them out of a stream of output; undefined when there is nothing to take out. */
  readonly redactor: (() => Redactor) | undefined
  /** A text without secrets. */
  redact(text: string): string
}

/** Docker's limit. */
const largest = 500 * 1024

/** Reads the secrets. Throws `not_found` and `invalid` in docker's words. A variable that is not set is an empty secret. */
export function openSecrets(given: Readonly<Record<string, BuildSecret>> = {}): Secrets {
  const secrets = new Map(Object.entries(given).map(([id, secret]) => [id, read(id, secret)]))
  const redactor = redaction(secrets.values())
  return {
    get: (id) => secrets.get(id),
    redactor,
    redact(text) {
      const stream = redactor?.()
      return stream ? Buffer.concat([stream.write(Buffer.from(text)), stream.end()]).toString() : text
    },
  }
}

function read(id: string, secret: BuildSecret): Uint8Array {
  if (id === '') throw new StrakeError('invalid', 'secret missing ID', { hint: 'Write --secret id=NAME,src=FILE.' })
  if (secret.kind === 'value') return Buffer.from(secret.value)
  if (secret.kind === 'env') return Buffer.from(process.env[secret.name] ?? '')
  const { path } = secret
  try {
    if (statSync(path).size > largest) throw new StrakeError('invalid', `secret ${id} too big. max size 500KB`)
    return readFileSync(path)
  } catch (cause) {
    const name = errno(cause)
    if (name === 'ENOENT' || name === 'ENOTDIR') {
      throw new StrakeError('not_found', `failed to stat ${path}: stat ${path}: no such file or directory`, {
        hint: `The secret ${id} is to come from there: --secret id=${id},src=FILE or id=${id},env=VARIABLE.`,
        cause,
      })
    }
    if (name === 'EISDIR') throw new StrakeError('invalid', `read ${path}: is a directory`, { cause })
    if (name === 'EACCES') throw new StrakeError('denied', `open ${path}: permission denied`, { cause })
    throw cause
  }
}
