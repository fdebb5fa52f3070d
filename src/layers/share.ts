import { copyFileSync, linkSync } from 'node:fs'
import { bytesOf, errno, pathOf, textOf } from '../lib/mod.ts'
import { explain } from './explain.ts'
import { isShareable } from './reuse.ts'
import { scanLayer } from './scan.ts'
import type { ByteString, LayerDirs } from './types.ts'
import { finishPath, Upper } from './upper.ts'

/**
 * Makes the empty directory `dir` the same layer as the finished one in `from`, on the same file system. Files become other
 * names of those there, where they may have several.
 *
 * @returns the bytes of those files
 * @throws `unavailable` when the disk is full
 */
export function shareLayer(from: LayerDirs, dir: string): number {
  const upper = new Upper(dir)
  let bytes = 0
  const target = bytesOf(dir)
  for (const entry of scanLayer(from)) {
    if (entry.kind !== 'file' || entry.source.kind !== 'path') {
      upper.create(entry)
      continue
    }
    const [there, here] = [pathOf(entry.source.path), pathOf(`${target}/${entry.path}`)]
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
