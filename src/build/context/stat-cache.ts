import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Digest } from '../../oci/mod.ts'

/** What lstat says of a file's identity and version. Times are nanoseconds. */
export interface FileVersion {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * The content digests of files of one context, valid as long as device, inode, size and both times are the same. It makes
 * an unchanged context cost one lstat a file. It may be lost or damaged at any time: then files are hashed again.
 */
export interface StatCache {
  find(path: string, version: FileVersion): Digest | undefined
  /** `hashedAt`: when reading began, in milliseconds since the epoch. */
  set(path: string, version: FileVersion, digest: Digest, hashedAt: number): void
  save(): void
}

const magic = 0x53_54_4b_32
const fixed = 5 * 8 + 32

/** The cache of the context at `root`. A record is: length and bytes of the path, five 64-bit numbers, the hash. */
export function openStatCache(storeRoot: string, root: string): StatCache {
  const file = join(storeRoot, 'cache', 'stat', hash('sha256', root).slice(0, 32))
  const { bytes, records } = load(file)
  const fresh = new Map<string, { version: FileVersion; digest: Digest }>()
  const used = new Set<string>()

  return {
    find(path, version) {
      const at = records.get(path)
      if (at === undefined) return undefined
      if (
        bytes.readBigUInt64LE(at) !== version.ino ||
        bytes.readBigInt64LE(at + 8) !== version.mtimeNs ||
        bytes.readBigInt64LE(at + 16) !== version.ctimeNs ||
        bytes.readBigInt64LE(at + 24) !== version.size ||
        bytes.readBigUInt64LE(at + 32) !== version.dev
      ) {
        return undefined
      }
      used.add(path)
      return `sha256:${bytes.toString('hex', at + 40, at + fixed)}` as Digest
    },
    set(path, version, digest, hashedAt) {
      if (settled(version, hashedAt)) fresh.set(path, { version, digest })
    },
    save() {
      // Records of files that were not asked for are kept while they are the smaller part: another Dockerfile may want them.
      const others =
        records.size - used.size > used.size + fresh.size ? [] : [...records.keys()].filter((path) => !used.has(path))
      if (fresh.size === 0) return
      const kept = [...used, ...others].filter((path) => !fresh.has(path))
      write(
        file,
        bytes,
        [...kept].map((path) => [path, records.get(path)!] as const),
        fresh,
      )
    },
  }
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

function load(file: string): { bytes: Buffer; records: Map<string, number> } {
  const records = new Map<string, number>()
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return { bytes: Buffer.alloc(0), records }
  }
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== magic) return { bytes, records }
  for (let at = 4; at + 2 <= bytes.length; ) {
    const start = at + 2
    const end = start + bytes.readUInt16LE(at)
    if (end + fixed > bytes.length) break
    records.set(bytes.toString('latin1', start, end), end)
    at = end + fixed
  }
  return { bytes, records }
}

function write(
  file: string,
  old: Buffer,
  kept: readonly (readonly [path: string, at: number])[],
  fresh: ReadonlyMap<string, { version: FileVersion; digest: Digest }>,
): void {
  let length = 4
  for (const [path] of kept) length += 2 + path.length + fixed
  for (const path of fresh.keys()) length += 2 + path.length + fixed
  const out = Buffer.allocUnsafe(length)
  let at = out.writeUInt32LE(magic)
  const writePath = (path: string) => {
    at = out.writeUInt16LE(path.length, at)
    at += out.write(path, at, 'latin1')
  }
  for (const [path, from] of kept) {
    writePath(path)
    at += old.copy(out, at, from, from + fixed)
  }
  for (const [path, { version, digest }] of fresh) {
    writePath(path)
    out.writeBigUInt64LE(version.ino, at)
    out.writeBigInt64LE(version.mtimeNs, at + 8)
    out.writeBigInt64LE(version.ctimeNs, at + 16)
    out.writeBigInt64LE(version.size, at + 24)
    out.writeBigUInt64LE(version.dev, at + 32)
    at += 40
    at += out.write(digest.slice(7), at, 'hex')
  }
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, out)
  renameSync(temporary, file)
}
