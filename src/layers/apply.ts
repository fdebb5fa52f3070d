import { createHash } from 'node:crypto'
import { StrakeError } from '../lib/mod.ts'
import type { DiffId } from '../oci/mod.ts'
import { TarDecoder } from '../tar/mod.ts'
import { open } from './decompress.ts'
import { Extraction } from './extract.ts'
import { Tree } from './tree.ts'
import type { AppliedLayer, ApplyOptions } from './types.ts'

/**
 * Unpacks a layer's tar, of any compression, into an empty upper directory: whiteouts and opaque directories become
 * overlayfs' own. Nothing is written outside `dir`, whatever the tar says: paths are resolved, symlinks included, in the
 * view of `dir` on top of `lower`, and never leave it. Parent directories that the tar does not name have the metadata
 * that the layers below give them, otherwise 0755 of root.
 *
 * @throws `corrupt` when the bytes are no tar or end early, `invalid` when its entries can't be those of a layer,
 * `unavailable` when the disk is full, `cancelled`. What was unpacked by then is left in `dir`.
 */
export async function applyLayer(
  dir: string,
  tar: AsyncIterable<Uint8Array>,
  { lower, waitForLower, whiteouts = 'overlay', signal, onProgress, tee }: ApplyOptions = {},
): Promise<AppliedLayer> {
  let packedSize = 0
  let reported = 0
  async function* received(): AsyncGenerator<Uint8Array> {
    for await (const chunk of tar) {
      if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
      packedSize += chunk.length
      tee?.(chunk)
      const now = Date.now()
      if (onProgress && now - reported > 100) {
        reported = now
        onProgress(packedSize)
      }
      yield chunk
    }
  }

  using extraction = new Extraction(new Tree(dir, lower, waitForLower), whiteouts)
  const decoder = new TarDecoder(extraction)
  const { form, bytes } = await open(received())
  const hash = createHash('sha256')
  let tarSize = 0
  for await (const chunk of bytes) {
    hash.update(chunk)
    tarSize += chunk.length
    decoder.write(chunk)
  }
  decoder.end()
  extraction.finish()

  return {
    diffId: `sha256:${hash.digest('hex')}` as DiffId,
    tarSize,
    size: extraction.size,
    unnamed: extraction.unnamed,
    compression: form,
    packedSize,
  }
}
