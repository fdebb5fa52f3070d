import { hash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PathRecords, PathRecordsWriter } from '../../lib/mod.ts'

/** What lstat says of a file's identity and version. Times are nanoseconds. */
export interface FileVersion {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * The SHA-256 of the contents of files of one context, valid as long as device, inode, size and both times are the same. It makes
 * an unchanged context cost one lstat a file. It may be lost or damaged at any time: then files are hashed again.
 */
export interface StatCache {
  /** Files are asked for in the order of a walk: then it costs least. */
  find(path: string, version: FileVersion): Buffer | undefined
  /** `hashedAt`: when reading began, in milliseconds since the epoch. */
  set(path: string, version: FileVersion, sha256: Buffer, hashedAt: number): void
  save(): void
}

const magic = Buffer.from('STK4')
const versionSize = 5 * 8
const valueSize = versionSize + 32
/** Bytes that are put together to be written. */
const mostAtOnce = 1 << 20

/** The cache of the context at `root`. Records stand in the order in which they were asked for. */
export function openStatCache(storeRoot: string, root: string): StatCache {
  const file = join(storeRoot, 'cache', 'stat', hash('sha256', root).slice(0, 32))
  const known = new PathRecords(load(file), valueSize)
  const used = new Set<number>()
  /** Of files that are no more as they were. */
  const stale = new Set<number>()
  const fresh = new PathRecordsWriter()
  /** For each fresh record, the known one that it goes in before. */
  const places: number[] = []
  /** Where a record that was missed would have stood, or stands for an older version. */
  const missed = new Map<string, number>()

  return {
    find(path, version) {
      const place = known.cursor
      const at = known.find(path)
      if (at !== undefined && known.holds(at, encodeVersion(version))) {
        used.add(at)
        const start = known.valueAt(at)
        return known.bytes.subarray(start + versionSize, start + valueSize)
      }
      if (at !== undefined) stale.add(at)
      if (known.bytes.length > 0) missed.set(path, at ?? place)
      return undefined
    },
    set(path, version, sha256, hashedAt) {
      if (!settled(version, hashedAt)) return
      value.set(encodeVersion(version))
      value.set(sha256, versionSize)
      fresh.add(path, value)
      places.push(missed.get(path) ?? known.cursor)
    },
    save() {
      if (places.length > 0) write(file, merge(known, { used, stale, fresh, places }))
    },
  }
}

const value = Buffer.alloc(valueSize)
const numbers = new BigInt64Array(5)
const numberBytes = Buffer.from(numbers.buffer)

/** Valid until the next call. */
function encodeVersion({ ino, mtimeNs, ctimeNs, size, dev }: FileVersion): Buffer {
  numbers[0] = ino
  numbers[1] = mtimeNs
  numbers[2] = ctimeNs
  numbers[3] = BigInt(size)
  numbers[4] = dev
  return numberBytes
}

/**
 * Whether a later change is sure to show in the times: the kernel's clock for them may stand still for a tick, and for
 * two seconds where the file system keeps whole seconds only.
 */
function settled(version: FileVersion, hashedAt: number): boolean {
  const latest = version.ctimeNs > version.mtimeNs ? version.ctimeNs : version.mtimeNs
  const coarse = version.ctimeNs % 1_000_000_000n === 0n
  return Number(latest / 1_000_000n) + (coarse ? 2100 : 50) < hashedAt
}

/** The records of the file; none when it is no such file. */
function load(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
  return bytes.subarray(0, magic.length).equals(magic) ? bytes.subarray(magic.length) : Buffer.alloc(0)
}

interface Changes {
  readonly used: ReadonlySet<number>
  readonly stale: ReadonlySet<number>
  readonly fresh: PathRecordsWriter
  readonly places: readonly number[]
}

/**
 * The new file: what was used and what is fresh, in order. Records of files that were not asked for are kept while they
 * are the smaller part: another Dockerfile may want them.
 */
function merge(known: PathRecords, { used, stale, fresh, places }: Changes): Buffer[] {
  if (known.bytes.length === 0) return [magic, ...fresh.chunks]
  let others = 0
  for (let at = 0; at < known.bytes.length; at = known.after(at)) if (!used.has(at)) others++
  const keepOthers = others <= used.size + places.length
  const waiting = [...fresh].map((record, i) => ({ record, place: places[i]! })).sort((a, b) => a.place - b.place)
  const parts: Buffer[] = [magic]
  /** Records that stay are copied in one piece where they stand side by side. */
  let from = 0
  let next = 0
  const copy = (to: number) => {
    if (to > from) parts.push(known.bytes.subarray(from, to))
    from = to
  }
  for (let at = 0; at < known.bytes.length; at = known.after(at)) {
    while (next < waiting.length && waiting[next]!.place <= at) {
      copy(at)
      parts.push(waiting[next++]!.record)
    }
    if (used.has(at) || (keepOthers && !stale.has(at))) continue
    copy(at)
    from = known.after(at)
  }
  copy(known.bytes.length)
  for (const { record } of waiting.slice(next)) parts.push(record)
  return parts
}

function write(file: string, parts: readonly Buffer[]): void {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  const fd = openSync(temporary, 'w')
  try {
    // Small ones together: there may be thousands.
    let small: Buffer[] = []
    let size = 0
    const writeSmall = () => {
      writeFileSync(fd, Buffer.concat(small))
      small = []
      size = 0
    }
    for (const part of parts) {
      if (size + part.length > mostAtOnce) writeSmall()
      if (part.length > mostAtOnce) writeFileSync(fd, part)
      else {
        small.push(part)
        size += part.length
      }
    }
    writeSmall()
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, file)
}
