import { writeFile } from '../../lib/mod.ts'
import type { OutputFile } from './types.ts'

/** Writes a file as a whole, or hands the bytes on. */
export async function writeOutput(dest: OutputFile, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  if (typeof dest === 'string') await writeFile(dest, chunks)
  else for await (const chunk of chunks) dest(chunk)
}
