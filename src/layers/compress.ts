import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, crc32, createZstdCompress } from 'node:zlib'
import { StrakeError } from '../lib/mod.ts'
import type { Compression } from '../store/mod.ts'
import { caller, workers } from './crew.ts'

/**
 * Compresses a stream. The same bytes give the same result, however they are cut into chunks and however many threads
 * there are. gzip is one member, made by worker threads; without a level by ISA-L where that is installed.
 *
 * @param how `level` is gzip's (1 to 9; 6 without ISA-L) or zstd's (1 to 19, default 3)
 * @throws `invalid` for a level that does not exist
 */
export function compress(
  tar: AsyncIterable<Uint8Array>,
  { kind, level }: { readonly kind: Compression; readonly level?: number },
): AsyncIterable<Uint8Array> {
  const max = kind === 'gzip' ? 9 : 19
  if (level !== undefined && !(Number.isInteger(level) && level >= 1 && level <= max)) {
    throw new StrakeError('invalid', `${kind} has no level ${level}`, { hint: `Choose one from 1 to ${max}.` })
  }
  switch (kind) {
    case 'none':
      return tar
    case 'gzip':
      return gzip(tar, level)
    case 'zstd':
      return zstd(tar, level ?? 3)
  }
}

async function* zstd(bytes: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array> {
  const encoder = createZstdCompress({
    chunkSize: 256 * 1024,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  })
  const fed = pipeline(Readable.from(bytes, { objectMode: false }), encoder)
  fed.catch(() => {})
  try {
    yield* encoder as AsyncIterable<Uint8Array>
    await fed
  } finally {
    encoder.destroy()
  }
}

const blockSize = 1024 * 1024
/** Deflate looks back as far as this: each block starts with the end of the one before as its dictionary. */
const windowSize = 32 * 1024

/** RFC 1952: deflate, no flags, no time, no extra flags, unknown system. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)

/** Blocks are deflated side by side and closed at byte boundaries, so that they only need to be put in a row. */
async function* gzip(bytes: AsyncIterable<Uint8Array>, level: number | undefined): AsyncGenerator<Uint8Array> {
  const deflating: Promise<Uint8Array>[] = []
  let checksum = 0
  let size = 0
  let dictionary: Uint8Array = new Uint8Array(0)
  yield header
  try {
    for await (const { bytes: block, last } of cut(bytes)) {
      checksum = crc32(block, checksum)
      size += block.length
      const input = new Uint8Array(new SharedArrayBuffer(dictionary.length + block.length))
      input.set(dictionary)
      input.set(block, dictionary.length)
      const crew = last && size === block.length ? caller : workers
      const job = crew.do({ kind: 'deflate', input, dictionary: dictionary.length, level, last })
      job.catch(() => {})
      deflating.push(job)
      dictionary = input.subarray(-windowSize)
      if (deflating.length > 2 * crew.size + 1) yield await deflating.shift()!
    }
    while (deflating.length > 0) yield await deflating.shift()!
  } finally {
    await Promise.allSettled(deflating)
  }
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(size % 2 ** 32, 4)
  yield trailer
}

/** Whole blocks, and what is left at the end, which may be nothing. A block is only valid until the next one. */
async function* cut(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<{ bytes: Uint8Array; last: boolean }> {
  const block = Buffer.alloc(blockSize)
  let filled = 0
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; ) {
      if (filled === blockSize) {
        yield { bytes: block, last: false }
        filled = 0
      }
      const part = chunk.subarray(at, at + blockSize - filled)
      block.set(part, filled)
      filled += part.length
      at += part.length
    }
  }
  yield { bytes: block.subarray(0, filled), last: true }
}
