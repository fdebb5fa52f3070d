const limit = 64 << 10

/** The end of what a program said, to look for what went wrong. */
export interface OutputTail {
  add(stream: 'stdout' | 'stderr', data: Uint8Array): void
  /** The last 64 KiB of each stream, one after the other: chunks of two streams may meet in the middle of a line. */
  text(): string
}

/** An empty one. */
export function outputTail(): OutputTail {
  const streams = { stdout: bytesTail(), stderr: bytesTail() }
  return {
    add: (stream, data) => streams[stream].add(data),
    text() {
      const [stdout, stderr] = [streams.stdout.text(), streams.stderr.text()]
      return stdout === '' || stderr === '' || stdout.endsWith('\n') ? stdout + stderr : `${stdout}\n${stderr}`
    },
  }
}

function bytesTail() {
  const chunks: Uint8Array[] = []
  let length = 0
  return {
    add(data: Uint8Array) {
      chunks.push(data)
      length += data.length
      while (chunks.length > 1 && length - chunks[0]!.length >= limit) length -= chunks.shift()!.length
    },
    text: () => Buffer.concat(chunks).subarray(-limit).toString(),
  }
}
