import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { errno, StrakeError } from '../lib/mod.ts'
import { watchChanges } from './changes.ts'
import type { LogEntry, OutputChunk } from './types.ts'

export interface ReadLogOptions {
  /** Starts at this byte, which must begin an entry. */
  readonly from?: number
  /** Only so many of the last lines. */
  readonly tail?: number | undefined
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Goes on until this fires, because nothing more will come. */
  readonly follow?: AbortSignal | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * What conmon has logged, in pieces of some entries each. Nothing where the file is not there yet.
 *
 * Format (CRI): a line for each entry, `TIME stdout|stderr F|P TEXT`; P marks a text that is no whole line yet.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<LogEntry[]> {
  const { follow, since, until, signal } = options
  const fd = open(path)
  if (fd === undefined) return
  try {
    using changes = follow && watchChanges(path)
    const wake = AbortSignal.any([follow, signal].filter((one) => one !== undefined))
    let position = options.from ?? (options.tail === undefined ? 0 : startOfTail(fd, options.tail))
    let rest: Buffer = Buffer.alloc(0)
    for (;;) {
      // Asked for before reading: what comes in between is then read, and the change wakes us up.
      const isLast = follow?.aborted ?? true
      for (;;) {
        const chunk = Buffer.allocUnsafe(chunkSize)
        const length = readSync(fd, chunk, 0, chunk.length, position)
        if (length === 0) break
        position += length
        const text = rest.length ? Buffer.concat([rest, chunk.subarray(0, length)]) : chunk.subarray(0, length)
        const end = text.lastIndexOf(0x0a) + 1
        rest = text.subarray(end)
        const entries = parseEntries(text.subarray(0, end)).filter(
          ({ time }) =>
            (since === undefined || milliseconds(time) >= since) &&
            (until === undefined || milliseconds(time) <= until),
        )
        if (entries.length) yield entries
        if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
      }
      if (isLast || !changes || (until !== undefined && Date.now() > until)) return
      await changes.next(until === undefined ? 500 : Math.max(1, Math.min(500, until - Date.now() + 1)), wake)
      if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
    }
  } finally {
    closeSync(fd)
  }
}

/** Puts together what follows each other on the same stream. */
export function joinEntries(entries: readonly LogEntry[]): OutputChunk[] {
  const chunks: OutputChunk[] = []
  for (let start = 0; start < entries.length; ) {
    const { stream } = entries[start]!
    let end = start + 1
    while (end < entries.length && entries[end]!.stream === stream) end++
    chunks.push({ stream, data: Buffer.concat(entries.slice(start, end).map(({ data }) => data)) })
    start = end
  }
  return chunks
}

const chunkSize = 256 * 1024

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

function parseEntries(text: Buffer): LogEntry[] {
  const entries: LogEntry[] = []
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(0x0a, start)
    const timeEnd = text.indexOf(0x20, start)
    // What a full disk or a crash has cut.
    if (timeEnd > 0 && end >= timeEnd + 10) {
      const isPartial = text[timeEnd + 8] === 0x50
      entries.push({
        stream: text[timeEnd + 4] === 0x6f ? 'stdout' : 'stderr',
        time: utc(text.toString('latin1', start, timeEnd)),
        data: text.subarray(timeEnd + 10, isPartial ? end : end + 1),
      })
    }
    start = end + 1
  }
  return entries
}

/** conmon writes its local time with an offset; we run it in UTC, but another may have kept the container before. */
function utc(time: string): string {
  if (time.endsWith('+00:00')) return `${time.slice(0, -6)}Z`
  const [, fraction = ''] = /(\.\d+)/.exec(time) ?? []
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '1970-01-01T00:00:00.000000000Z'
  return `${date.toISOString().slice(0, 19)}${fraction}Z`
}

function milliseconds(time: string): number {
  return Date.parse(time)
}

/** Where the last `count` lines begin, found from the end of the file: a partial entry counts with what ends its line. */
function startOfTail(fd: number, count: number): number {
  const { size } = fstatSync(fd)
  if (count <= 0) return size
  let lines = 0
  let after: Buffer = Buffer.alloc(0)
  for (let position = size; position > 0; ) {
    const length = Math.min(position, chunkSize)
    position -= length
    const chunk = Buffer.allocUnsafe(length)
    readSync(fd, chunk, 0, length, position)
    const text = Buffer.concat([chunk, after])
    // Line starts in `text`, from the last; the first piece may begin before it.
    let end = text.length
    while (end > 0) {
      const start = end < 2 ? 0 : text.lastIndexOf(0x0a, end - 2) + 1
      if (start === 0 && position > 0) break
      if (endsLine(text, start, position + end === size) && ++lines > count) return position + end
      end = start
    }
    after = text.subarray(0, end)
  }
  return 0
}

function endsLine(text: Buffer, start: number, isLast: boolean): boolean {
  return isLast || text[text.indexOf(0x20, start) + 8] !== 0x50
}
