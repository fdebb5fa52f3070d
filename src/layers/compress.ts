import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, crc32 as zlibCrc32 } from 'node:zlib'
import { isal } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Compression } from '../store/mod.ts'
import { caller, together } from './crew.ts'
import { packedRoom } from './deflate.ts'

/**
 * Compresses a stream. The same bytes give the same result, however they are cut into chunks and however many threads
 * there are. gzip is one member, made by worker threads; without a level by ISA-L where that is installed. A chunk is
 * valid until the next one is asked for.
 *
 * @param tar chunks that are valid until the next one is asked for
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
  async function* kept(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) yield Buffer.from(chunk)
  }
  const fed = pipeline(Readable.from(kept(), { objectMode: false }), encoder)
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

/** A block on its way, in memory that the threads share. */
interface Block {
  readonly memory: BlockMemory
  /** Bytes in the buffer that precede it. */
  readonly dictionary: number
  end: number
}

interface BlockMemory {
  /** What precedes the block, then its bytes. */
  readonly buffer: Uint8Array
  readonly output: Uint8Array
}

/** Blocks are deflated side by side and closed at byte boundaries, so that they only need to be put in a row. */
async function* gzip(bytes: AsyncIterable<Uint8Array>, level: number | undefined): AsyncGenerator<Uint8Array> {
  const deflating: { readonly memory: BlockMemory; readonly packed: Promise<number> }[] = []
  const free: BlockMemory[] = []
  const crc32 = isal()?.crc32 ?? zlibCrc32
  let checksum = 0
  let size = 0
  const deflate = ({ memory, dictionary, end }: Block, last: boolean) => {
    const input = memory.buffer.subarray(0, end)
    checksum = crc32(input.subarray(dictionary), checksum)
    size += end - dictionary
    const crew = last && size === end ? caller : together
    const packed = crew.do({ kind: 'deflate', input, dictionary, output: memory.output, level, last })
    packed.catch(() => {})
    deflating.push({ memory, packed })
  }
  async function* first(): AsyncGenerator<Uint8Array> {
    const { memory, packed } = deflating.shift()!
    yield memory.output.subarray(0, await packed)
    free.push(memory)
  }
  const begin = (before?: Block): Block => {
    const memory = free.pop() ?? {
      buffer: new Uint8Array(new SharedArrayBuffer(windowSize + blockSize)),
      output: new Uint8Array(new SharedArrayBuffer(packedRoom(blockSize))),
    }
    const window = before?.memory.buffer.subarray(Math.max(0, before.end - windowSize), before.end)
    if (window) memory.buffer.set(window)
    return { memory, dictionary: window?.length ?? 0, end: window?.length ?? 0 }
  }
  yield header
  try {
    let block = begin()
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; ) {
        if (block.end - block.dictionary === blockSize) {
          const full = block
          block = begin(full)
          deflate(full, false)
          if (deflating.length > 2 * together.size + 1) yield* first()
        }
        const part = chunk.subarray(at, at + blockSize - (block.end - block.dictionary))
        block.memory.buffer.set(part, block.end)
        block.end += part.length
        at += part.length
      }
    }
    deflate(block, true)
    while (deflating.length > 0) yield* first()
  } finally {
    await Promise.allSettled(deflating.map(({ packed }) => packed))
  }
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(checksum, 0)
  trailer.writeUInt32LE(size % 2 ** 32, 4)
  yield trailer
}
