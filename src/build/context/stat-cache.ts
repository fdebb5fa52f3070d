import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Digest } from '../../oci/mod.ts'

/** What lstat says of a file's identity and version. Times are nanoseconds. */
export interface FileVersion {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * The content digests of files of one context, valid as long as device, inode, size and both times are the same. It makes
 * an unchanged context cost one lstat a file. It may be lost or damaged at any time: then files are hashed again.
 */
export interface StatCache {
  /** Files are asked for in the order of a walk: then it costs least. */
  find(path: string, version: FileVersion): Digest | undefined
  /** `hashedAt`: when reading began, in milliseconds since the epoch. */
  set(path: string, version: FileVersion, digest: Digest, hashedAt: number): void
  save(): void
}

const magic = 0x53_54_4b_33
/** A record: length of the path (16 bit), the version (five 64-bit numbers), the hash, the bytes of the path. */
const lengthSize = 2
const versionSize = 5 * 8
const hashSize = 32
const fixed = lengthSize + versionSize + hashSize
/** So many records may be gone before an index of all of them is made. */
const nearBy = 16

interface Fresh {
  readonly path: string
  readonly version: FileVersion
  readonly digest: Digest
  /** Where it was looked for: it goes in before the old record there. */
  readonly place: number
}

/** The cache of the context at `root`. Records stand in the order in which they were asked for. */
export function openStatCache(storeRoot: string, root: string): StatCache {
  const file = join(storeRoot, 'cache', 'stat', hash('sha256', root).slice(0, 32))
  const bytes = load(file)
  const used = new Set<number>()
  const fresh = new Map<string, Fresh>()
  /** Where a record that was missed would have stood, or stands for an older version. */
  const missed = new Map<string, number>()
  let cursor = 4
  let index: Map<string, number> | undefined

  function locate(path: string): number | undefined {
    let at = cursor
    for (let looked = 0; looked < nearBy && at < bytes.length; looked++) {
      if (bytes.readUInt16LE(at) === path.length && pathAt(bytes, at) === path) return at
      at = after(bytes, at)
    }
    if (!index) {
      index = new Map()
      for (let each = 4; each < bytes.length; each = after(bytes, each)) index.set(pathAt(bytes, each), each)
    }
    return index.get(path)
  }

  return {
    find(path, version) {
      const at = locate(path)
      const start = (at ?? 0) + lengthSize
      const place = at ?? cursor
      if (at !== undefined) cursor = after(bytes, at)
      if (at === undefined || bytes.compare(encodeVersion(version), 0, versionSize, start, start + versionSize) !== 0) {
        missed.set(path, place)
        return undefined
      }
      used.add(at)
      return `sha256:${bytes.toString('hex', start + versionSize, at + fixed)}` as Digest
    },
    set(path, version, digest, hashedAt) {
      if (!settled(version, hashedAt)) return
      fresh.set(path, { path, version, digest, place: missed.get(path) ?? cursor })
    },
    save() {
      if (fresh.size > 0) write(file, merge(bytes, used, [...fresh.values()]))
    },
  }
}

function pathAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at + fixed, after(bytes, at))
}

function after(bytes: Buffer, at: number): number {
  return at + fixed + bytes.readUInt16LE(at)
}

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

/** The records of the file, as far as they are whole; none when it is no such file. */
function load(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== magic) return Buffer.alloc(0)
  let end = 4
  while (end + fixed <= bytes.length && after(bytes, end) <= bytes.length) end = after(bytes, end)
  return bytes.subarray(0, end)
}

/**
 * The new file: what was used and what is fresh, in order. Records of files that were not asked for are kept while they
 * are the smaller part: another Dockerfile may want them.
 */
function merge(bytes: Buffer, used: ReadonlySet<number>, fresh: readonly Fresh[]): Buffer[] {
  const replaced = new Set(fresh.map(({ path }) => path))
  let others = 0
  for (let at = 4; at < bytes.length; at = after(bytes, at)) if (!used.has(at)) others++
  const keepOthers = others <= used.size + fresh.length
  const waiting = fresh.toSorted((a, b) => a.place - b.place)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(magic)
  const parts: Buffer[] = [head]
  /** Records that stay are copied in one piece where they stand side by side. */
  let from = 4
  let next = 0
  const copy = (to: number) => {
    if (to > from) parts.push(bytes.subarray(from, to))
  }
  for (let at = 4; at < bytes.length; at = after(bytes, at)) {
    while (next < waiting.length && waiting[next]!.place <= at) {
      copy(at)
      from = at
      parts.push(encode(waiting[next++]!))
    }
    if (used.has(at) || (keepOthers && !replaced.has(pathAt(bytes, at)))) continue
    copy(at)
    from = after(bytes, at)
  }
  copy(bytes.length)
  for (const record of waiting.slice(next)) parts.push(encode(record))
  return parts
}

function encode({ path, version, digest }: Fresh): Buffer {
  const record = Buffer.allocUnsafe(fixed + path.length)
  record.writeUInt16LE(path.length)
  encodeVersion(version).copy(record, lengthSize)
  record.write(digest.slice(7), lengthSize + versionSize, 'hex')
  record.write(path, fixed, 'latin1')
  return record
}

function write(file: string, parts: readonly Buffer[]): void {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, Buffer.concat(parts))
  renameSync(temporary, file)
}
