import { createReadStream } from 'node:fs'
import { decompress } from '../../layers/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { isTarHeader } from '../../tar/mod.ts'

/** Whether the file, decompressed, begins with the header of a tar. Throws `unavailable` where xz or bzip2 is missing. */
export async function isArchive(path: string | Buffer): Promise<boolean> {
  const block = Buffer.alloc(512)
  let have = 0
  try {
    for await (const chunk of decompress(createReadStream(path))) {
      have += Buffer.from(chunk).copy(block, have)
      if (have === block.length) return isTarHeader(block)
    }
  } catch (error) {
    // A file that only looks compressed is none.
    if (!(error instanceof StrakeError) || error.code !== 'corrupt') throw error
  }
  return false
}
