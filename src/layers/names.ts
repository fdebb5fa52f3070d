import { StrakeError, textOf } from '../lib/mod.ts'
import type { ByteString } from './types.ts'

/** PATH_MAX and NAME_MAX of Linux. */
const maxPath = 4096
const maxName = 255

/**
 * The names that a path in a tar is made of, seen from the layer's root, `..` resolved as docker does. None for the root itself.
 *
 * @throws `invalid` for a path that leads out of the layer, is too long, or that no file can have
 */
export function namesIn(path: ByteString): ByteString[] {
  const refuse = (why: string) => {
    const start = path.length > 100 ? `${path.slice(0, 100)}…` : path
    return new StrakeError('invalid', `the layer has an entry ${JSON.stringify(textOf(start))}, which ${why}`)
  }
  if (path.length > maxPath) throw refuse('is too long')
  if (path.includes('\0')) throw refuse('holds a NUL byte')
  const names: ByteString[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (names.pop() === undefined) throw refuse('leads out of it')
      continue
    }
    if (name.length > maxName) throw refuse('is too long')
    names.push(name)
  }
  return names
}
