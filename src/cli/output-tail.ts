const limit = 64 * 1024

/** Keeps the last 64 KiB of an output, for hints. */
export function createTail(): { add(data: Uint8Array): void; text(): string } {
  const chunks: Uint8Array[] = []
  let length = 0
  return {
    add(data) {
      chunks.push(data)
      length += data.length
      while (chunks.length > 1 && length - chunks[0]!.length >= limit) length -= chunks.shift()!.length
    },
    text: () => Buffer.concat(chunks).subarray(-limit).toString(),
  }
}
