import { copyFileSync, linkSync } from 'node:fs'
import { bytesOf, errno, pathOf, textOf } from '../lib/mod.ts'
import { explain } from './explain.ts'
import { isShareable } from './reuse.ts'
import { scanLayer } from './scan.ts'
import type { ByteString } from './types.ts'
import { finishPath, Upper } from './upper.ts'

/**
 * Makes the empty directory `dir` the same layer as the finished one `from`, on the same file system. Files become other
 * names of those there, where they may have several.
 *
 * @returns the bytes of those files
 * @throws `unavailable` when the disk is full
 */
export function shareLayer(from: string, dir: string): number {
  const upper = new Upper(dir)
  let bytes = 0
  const [source, target] = [bytesOf(from), bytesOf(dir)]
  for (const entry of scanLayer(from)) {
    if (entry.kind !== 'file') {
      upper.create(entry)
      continue
    }
    const [there, here] = [pathOf(`${source}/${entry.path}`), pathOf(`${target}/${entry.path}`)]
    try {
      if (isShareable(entry.path) && link(there, here)) {
        bytes += entry.size
        continue
      }
      copyFileSync(there, here)
      finishPath(here, entry, upper.fresh)
    } catch (error) {
      throw explain(error, `can't write ${textOf(entry.path)}`)
    }
  }
  upper.finish()
  return bytes
}

/** False where the file has as many names as it can have. */
function link(from: ByteString | Buffer, to: ByteString | Buffer): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (errno(error) === 'EMLINK') return false
    throw error
  }
}
