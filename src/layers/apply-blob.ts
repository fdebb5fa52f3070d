import { unpackers } from './crew.ts'
import type { Growth } from './growth.ts'
import type { AppliedLayer } from './types.ts'

/** A layer's blob in an open file, which may still grow. */
export interface OpenBlob {
  readonly fd: number
  readonly growth: Growth
}

export interface ApplyBlobOptions {
  /** As for `applyLayer`. */
  readonly lower: readonly string[]
  /** Those of `lower` that are still being made: they are waited for when something in them matters. */
  readonly below: readonly Growth[]
  /** Bytes as they came so far; called ten times a second. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/**
 * As `applyLayer`, in a thread of its own. Blobs must be given in an order in which those whose layers are below come first.
 * Failing the blob's growth ends it with `cancelled`.
 */
export async function applyBlob(
  dir: string,
  { fd, growth }: OpenBlob,
  { lower, below, onProgress }: ApplyBlobOptions,
): Promise<AppliedLayer> {
  const timer = onProgress && setInterval(() => onProgress(growth.position), 100)
  try {
    const under = below.map(({ shared }) => shared)
    return await unpackers.do({ kind: 'apply', dir, fd, growth: growth.shared, lower, below: under })
  } finally {
    clearInterval(timer)
  }
}
