import type { ProgressView } from './progress.ts'

const mostKept = 64 << 10

/** Nothing, unless something fails: then the last 64 KiB of its output. Warnings are shown. */
export function quietProgress(write: (text: string | Uint8Array) => void): ProgressView {
  const logs = new Map<string, { chunks: Uint8Array[]; bytes: number }>()
  return {
    sink(event) {
      if (event.kind === 'notice' && event.level === 'warning') write(`WARNING: ${event.message}\n`)
      else if (event.kind === 'log') {
        let log = logs.get(event.vertex)
        if (!log) {
          log = { chunks: [], bytes: 0 }
          logs.set(event.vertex, log)
        }
        log.chunks.push(Uint8Array.from(event.data))
        log.bytes += event.data.length
        while (log.bytes - log.chunks[0]!.length > mostKept) log.bytes -= log.chunks.shift()!.length
      } else if (event.kind === 'vertex' && event.state !== 'started') {
        const log = logs.get(event.id)
        logs.delete(event.id)
        if (event.state !== 'failed' || !log) return
        const text = Buffer.concat(log.chunks)
        write(text.at(-1) === 10 ? text : Buffer.concat([text, Buffer.from('\n')]))
      }
    },
    [Symbol.dispose]() {
      logs.clear()
    },
  }
}
