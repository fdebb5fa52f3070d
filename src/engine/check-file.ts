import { accessSync, constants } from 'node:fs'
import { errno, StrakeError } from '../lib/mod.ts'

/** The path, if there is something that can be read. Throws `not_found`, `denied` in docker's words. */
export function checkFile(path: string): string {
  try {
    accessSync(path, constants.R_OK)
    return path
  } catch (cause) {
    const name = errno(cause)
    if (name === 'EACCES') throw new StrakeError('denied', `open ${path}: permission denied`, { cause })
    if (name === 'ENOENT' || name === 'ENOTDIR') {
      throw new StrakeError('not_found', `open ${path}: no such file or directory`, { cause })
    }
    throw cause
  }
}
