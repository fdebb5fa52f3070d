import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StrakeError } from './error.ts'
import { callersMode } from './umask.ts'

/**
 * Writes a file as a whole: beside its place, and there when all of it has come. Pipes and devices are written to. Throws
 * `invalid` for a folder, and what `chunks` throws; the file is as it was then.
 *
 * @param mode of a new file, less the umask; without it the file is the caller's
 */
export async function writeFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  mode = callersMode(0o644),
): Promise<void> {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory()) throw new StrakeError('invalid', `destination file ${path} is a directory`)
  const isPlain = !there || there.isFile()
  const target = isPlain ? join(dirname(path), `.${process.pid}.${basename(path)}`) : path
  try {
    const fd = openSync(target, 'w', mode)
    try {
      for await (const chunk of chunks) for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
    } finally {
      closeSync(fd)
    }
    if (isPlain) renameSync(target, path)
  } catch (error) {
    if (isPlain) rmSync(target, { force: true })
    throw error
  }
}
