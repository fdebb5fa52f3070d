import { statfsSync } from 'node:fs'

/** How much of the disk the build cache may take, in bytes; what is not given or 0 does not count. */
export interface SpaceLimits {
  /** The cache may always have that much. Alone, it is what is left of the cache. */
  readonly reservedSpace?: number | undefined
  /** It is to have no more than that. */
  readonly maxUsedSpace?: number | undefined
  /** So much of the disk is to be free. */
  readonly minFreeSpace?: number | undefined
}

/** A file system: its size, and what of it is free for files. Bytes. */
export interface Disk {
  readonly size: number
  readonly free: number
}

export function diskOf(path: string): Disk {
  const { bsize, blocks, bavail } = statfsSync(path)
  return { size: bsize * blocks, free: bsize * bavail }
}

/** To how many bytes a cache that takes `used` is to shrink; undefined where there are no limits. As BuildKit counts. */
export function spaceToKeep(
  { reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 }: SpaceLimits,
  { used, free }: { readonly used: number; readonly free: number },
): number | undefined {
  if (!reservedSpace && !maxUsedSpace && !minFreeSpace) return undefined
  const most = maxUsedSpace || (minFreeSpace ? Number.POSITIVE_INFINITY : 0)
  const lacking = minFreeSpace - free
  return Math.max(reservedSpace, lacking > 0 ? Math.min(most, used - lacking) : most)
}
