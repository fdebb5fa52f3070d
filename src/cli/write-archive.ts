import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StrakeError } from '../lib/mod.ts'

/** Writes the file next to its place and moves it there when it is whole. Pipes and devices are written to. */
export async function writeArchive(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory()) throw new StrakeError('invalid', `failed to save: ${path} is a directory`)
  const isPlain = !there || there.isFile()
  const target = isPlain ? join(dirname(path), `.${process.pid}.${basename(path)}`) : path
  try {
    const fd = openSync(target, 'w', 0o600)
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
