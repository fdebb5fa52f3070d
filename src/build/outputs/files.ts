import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { LayerEntry } from '../../layers/mod.ts'
import { scanLayer, whiteoutPrefix } from '../../layers/mod.ts'
import { type ByteString, pathOf, StrakeError, textOf } from '../../lib/mod.ts'

/** The files of a mounted root file system, parents first; with `time`, all have that one. */
export async function* filesOf(
  root: string,
  { time, signal }: { readonly time: bigint | undefined; readonly signal: AbortSignal | undefined },
): AsyncGenerator<LayerEntry> {
  let count = 0
  for (const entry of scanLayer(root)) {
    // Signals are only heard between two turns.
    if (++count % 64 === 0) await setImmediate()
    if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
    // The mark of a layer that has nothing below it.
    if (entry.path.slice(entry.path.lastIndexOf('/') + 1).startsWith(whiteoutPrefix)) continue
    yield time === undefined ? entry : { ...entry, mtime: time }
  }
}

const chunkSize = 1024 * 1024

/** A file's bytes, read by this thread: another one may not see the mount. A chunk is only valid until the next one. */
export function* contentOf({ source, path, size }: LayerEntry & { kind: 'file' }): Generator<Uint8Array> {
  if (source.kind === 'bytes') return yield source.bytes
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, chunkSize)))
  const fd = openSync(pathOf(source.path as ByteString), 'r')
  try {
    for (let left = size; left > 0; ) {
      const read = readSync(fd, buffer, 0, Math.min(left, buffer.length), null)
      if (read === 0) throw new StrakeError('corrupt', `${textOf(path)} is shorter than it was`)
      left -= read
      yield buffer.subarray(0, read)
    }
  } finally {
    closeSync(fd)
  }
}
