import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errno } from './error.ts'
import { callersMode } from './umask.ts'

/**
 * Makes a folder, and those that it is in. Throws as `mkdirSync`, which with `recursive` would go on for ever where a file system
 * has no place for new folders and says so with ENOENT, as /proc does.
 *
 * @param mode of new folders, less the umask; theirs are the caller's without it
 */
export function makeFolder(path: string, mode = callersMode(0o777)): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  if (dirname(path) !== path) makeFolder(dirname(path), mode)
  try {
    mkdirSync(path, mode)
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (errno(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}
