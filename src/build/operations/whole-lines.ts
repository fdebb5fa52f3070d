/** A line that is not ended is shown after so many milliseconds: it may be a question, or a dot of progress. */
const patience = 100
/** At most so many chunks of a line are held. */
const mostChunks = 16

type Stream = 'stdout' | 'stderr'

/** Puts two streams together at the ends of lines: programs write lines in parts, and one must not land in another. */
export interface WholeLines {
  add(stream: Stream, data: Uint8Array): void
  /** Shows what is left. Nothing may be added afterwards. */
  end(): void
}

/** Gives whole lines to `show`, or what stands there after 100 ms, or 16 chunks of a line that has no end. */
export function wholeLines(show: (stream: Stream, data: Uint8Array) => void): WholeLines {
  const open: Record<Stream, Uint8Array[]> = { stdout: [], stderr: [] }
  const timers: Partial<Record<Stream, NodeJS.Timeout>> = {}
  const flush = (stream: Stream) => {
    clearTimeout(timers[stream])
    delete timers[stream]
    const [first, ...more] = open[stream]
    if (!first) return
    open[stream] = []
    show(stream, more.length === 0 ? first : Buffer.concat([first, ...more]))
  }
  return {
    add(stream, data) {
      const ended = Math.max(data.lastIndexOf(10), data.lastIndexOf(13)) + 1
      if (ended > 0) {
        open[stream].push(data.subarray(0, ended))
        flush(stream)
      }
      if (ended === data.length) return
      open[stream].push(data.subarray(ended))
      if (open[stream].length >= mostChunks) flush(stream)
      else timers[stream] ??= setTimeout(() => flush(stream), patience)
    },
    end() {
      flush('stdout')
      flush('stderr')
    },
  }
}
