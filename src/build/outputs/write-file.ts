import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StrakeError } from '../../lib/mod.ts'
import type { OutputFile } from './types.ts'

/** Writes beside the file's place and moves it there when it is whole. Pipes and devices are written to. */
export async function writeOutput(dest: OutputFile, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  if (typeof dest === 'function') {
    for await (const chunk of chunks) dest(chunk)
    return
  }
  const there = statSync(dest, { throwIfNoEntry: false })
  if (there?.isDirectory()) throw new StrakeError('invalid', `destination file ${dest} is a directory`)
  const isPlain = !there || there.isFile()
  const target = isPlain ? join(dirname(dest), `.${process.pid}.${basename(dest)}`) : dest
  try {
    const fd = openSync(target, 'w', 0o644)
    try {
      for await (const chunk of chunks) for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
    } finally {
      closeSync(fd)
    }
    if (isPlain) renameSync(target, dest)
  } catch (error) {
    if (isPlain) rmSync(target, { force: true })
    throw error
  }
}
