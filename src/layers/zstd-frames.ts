import { StrakeError } from '../lib/mod.ts'

/**
 * Cuts a zstd stream at the ends of its frames (RFC 8878, 3.1): Node's decoder goes on to the next frame only with the
 * next chunk, and drops what follows a frame in the same one.
 *
 * @throws `corrupt` when something other than a frame follows a frame
 */
export async function* zstdFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new FrameEnds()
  for await (const chunk of bytes) {
    let start = 0
    for (const end of frames.within(chunk)) {
      yield chunk.subarray(start, end)
      start = end
    }
    if (start < chunk.length) yield chunk.subarray(start)
  }
}

/** What the next bytes are. */
type Part = 'magic' | 'descriptor' | 'header' | 'block' | 'content' | 'checksum' | 'skipped size' | 'skipped'

class FrameEnds {
  #part: Part = 'magic'
  /** Bytes of this part that are still to come. */
  #left = 4
  /** The bytes of this part so far, as a little-endian number. */
  #value = 0
  #count = 0
  #hasChecksum = false
  #isLastBlock = false

  /** Where frames end in the next bytes. */
  within(chunk: Uint8Array): number[] {
    const ends: number[] = []
    for (let at = 0; at < chunk.length; ) {
      if (
        this.#part === 'header' ||
        this.#part === 'content' ||
        this.#part === 'checksum' ||
        this.#part === 'skipped'
      ) {
        const count = Math.min(this.#left, chunk.length - at)
        this.#left -= count
        at += count
      } else {
        this.#value += chunk[at++]! * 256 ** this.#count++
        this.#left--
      }
      while (this.#left === 0) {
        this.#next()
        if (this.#part === 'magic') ends.push(at)
      }
    }
    return ends
  }

  /** Goes on to the next part; one of no bytes is passed at once. */
  #next(): void {
    const value = this.#value
    this.#value = 0
    this.#count = 0
    switch (this.#part) {
      case 'magic':
        if (value === 0xfd2fb528) this.#expect('descriptor', 1)
        else if (value >= 0x184d2a50 && value <= 0x184d2a5f) this.#expect('skipped size', 4)
        else throw new StrakeError('corrupt', 'the compressed data is damaged: something follows its end')
        return
      case 'descriptor': {
        const isSingleSegment = (value & 0x20) !== 0
        const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][value >> 6]!
        this.#hasChecksum = (value & 4) !== 0
        this.#expect('header', (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][value & 3]! + contentSize)
        return
      }
      case 'header':
        this.#expect('block', 3)
        return
      case 'block':
        this.#isLastBlock = (value & 1) !== 0
        // A block of type 1 is one byte that is repeated.
        this.#expect('content', ((value >> 1) & 3) === 1 ? 1 : value >> 3)
        return
      case 'content':
        if (!this.#isLastBlock) this.#expect('block', 3)
        else if (this.#hasChecksum) this.#expect('checksum', 4)
        else this.#expect('magic', 4)
        return
      case 'skipped size':
        this.#expect('skipped', value)
        return
      case 'checksum':
      case 'skipped':
        this.#expect('magic', 4)
    }
  }

  #expect(part: Part, length: number): void {
    this.#part = part
    this.#left = length
  }
}
