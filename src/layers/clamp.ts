import { sys } from '../host/mod.ts'
import { bytesOf, pathOf } from '../lib/mod.ts'
import { scanLayer } from './scan.ts'

/** Gives everything in a layer's directory that is newer than `epoch` (in nanoseconds) that time. Nothing else may have a name of its files. */
export function clampTimes(dir: string, epoch: bigint): void {
  const root = bytesOf(dir)
  for (const { path, kind, mtime } of scanLayer(dir)) {
    if (kind === 'link' || mtime <= epoch) continue
    sys.lutimes(pathOf(`${root}/${path}`), epoch, epoch)
  }
}
