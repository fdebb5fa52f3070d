import { StrakeError } from '../lib/mod.ts'
import { type PaxRecord, recordLength, writeRecord, writeText } from './pax.ts'
import type { ByteString, EntryType, TarEntry } from './types.ts'

export const blockSize = 512

/** Two blocks of zeros close an archive. */
export const trailerSize = 2 * blockSize

/** Zeros that follow content of this many bytes. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}

const typeflags: Record<EntryType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

const billion = 1_000_000_000n
/** The largest numbers of the octal fields (pax, ustar Interchange Format). */
const max7 = 0o7777777
const max11 = 0o77777777777

/** Each header starts as this block. */
const blank = Buffer.alloc(blockSize)
blank.write('ustar\x0000', 257, 'latin1')
const block = Buffer.alloc(blockSize)
/** The header of PAX records, but for their size. The name is for programs that take them for a file. */
const paxBlank = Buffer.from(blank)
paxBlank.write('././@PaxHeader', 'latin1')
for (const [offset, text] of [
  [100, '0000644'],
  [108, '0000000'],
  [116, '0000000'],
  [136, '00000000000'],
] as const) {
  paxBlank.write(text, offset, 'latin1')
}
paxBlank.write('x', 156, 'latin1')

/**
 * The header of an entry: one ustar block, after PAX records for what ustar can't say. The same entry always gives the
 * same bytes. The result is only valid until the next call.
 *
 * @throws `invalid` for what no tar can hold: a NUL in a name
 */
export function encodeHeader(entry: TarEntry): Uint8Array {
  const { mtime, xattrs, size, uid, gid, target = '', device } = entry
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path
  if (path.includes('\0') || target.includes('\0')) {
    throw new StrakeError('invalid', `the name ${JSON.stringify(entry.path)} holds a NUL byte`)
  }
  let records: PaxRecord[] | undefined
  const record = (key: ByteString, value: ByteString | Uint8Array) => {
    records ??= []
    records.push([key, value])
  }

  block.set(blank)
  const split = splitPath(path)
  if (split < 0) record('path', path)
  writeText(block, 0, split > 0 ? path.slice(split + 1) : path, 100)
  if (split > 0) writeText(block, 345, path, split)
  octal(100, 7, entry.mode & 0o7777)
  octal(108, 7, uid <= max7 ? uid : 0)
  if (uid > max7) record('uid', String(uid))
  octal(116, 7, gid <= max7 ? gid : 0)
  if (gid > max7) record('gid', String(gid))
  octal(124, 11, size <= max11 ? size : 0)
  if (size > max11) record('size', String(size))
  const seconds = Number(mtime / billion)
  const nanoseconds = Number(mtime % billion)
  const whole = mtime >= 0n && seconds <= max11
  octal(136, 11, whole ? seconds : 0)
  if (!whole || nanoseconds !== 0) record('mtime', decimalSeconds(mtime < 0n, seconds, nanoseconds))
  block[156] = typeflags[entry.type].charCodeAt(0)
  if (target.length > 100) record('linkpath', target)
  if (target !== '') writeText(block, 157, target, 100)
  if (device) {
    octal(329, 7, device.major)
    octal(337, 7, device.minor)
  }
  checksum(Math.min(target.length, 100), Math.max(split, 0))
  if (xattrs) for (const name of [...xattrs.keys()].sort()) record(...xattrRecord(name, xattrs.get(name)!))
  return records ? withRecords(records) : block
}

/**
 * Where a path is cut into the header's prefix and name fields: the place of a slash, 0 when it fits into the name
 * alone, -1 when it does not fit.
 */
function splitPath(path: ByteString): number {
  if (path.length <= 100) return 0
  if (path.length > 256) return -1
  // The last slash does not serve when it closes the path: the name field would be empty.
  const slash = path.lastIndexOf('/', Math.min(155, path.length - 2))
  return slash > 0 && path.length - slash - 1 <= 100 ? slash : -1
}

function octal(offset: number, digits: number, value: number): void {
  let rest = value
  let i = offset + digits - 1
  // Shifts work on 32 bits.
  for (; rest > 0x7fffffff; i--) {
    const digit = rest % 8
    block[i] = 48 + digit
    rest = (rest - digit) / 8
  }
  for (; i >= offset; i--) {
    block[i] = 48 + (rest & 7)
    rest >>= 3
  }
}

/** The fields that nothing was written to are zeros: the end of the target, and that of the prefix. */
function checksum(target: number, prefix: number): void {
  for (let i = 148; i < 156; i++) block[i] = 32
  let sum = 0
  for (let i = 0; i < 157 + target; i++) sum += block[i]!
  for (let i = 257; i < 345 + prefix; i++) sum += block[i]!
  octal(148, 6, sum)
  block[154] = 0
}

function xattrRecord(name: ByteString, value: Uint8Array): PaxRecord {
  // A PAX keyword ends at the first `=`; libarchive's way of writing attributes escapes it.
  if (!name.includes('=')) return [`SCHILY.xattr.${name}`, value]
  const escaped = name.replace(/[%=]/g, (c) => (c === '=' ? '%3D' : '%25'))
  return [`LIBARCHIVE.xattr.${escaped}`, Buffer.from(value).toString('base64')]
}

/** PAX's way of writing times: decimal seconds without closing zeros. Both numbers are of the same sign. */
function decimalSeconds(negative: boolean, seconds: number, nanoseconds: number): string {
  const whole = `${negative ? '-' : ''}${Math.abs(seconds)}`
  if (nanoseconds === 0) return whole
  let digits = Math.abs(nanoseconds)
  let count = 9
  for (; digits % 10 === 0; count--) digits /= 10
  return `${whole}.${String(digits).padStart(count, '0')}`
}

/** Headers with PAX records are put together here; it grows as needed. */
let scratch = Buffer.alloc(4096)

function withRecords(records: readonly PaxRecord[]): Uint8Array {
  let size = 0
  for (const record of records) size += recordLength(record)
  const end = blockSize + size + paddingOf(size)
  if (scratch.length < end + blockSize) scratch = Buffer.alloc(2 * (end + blockSize))
  scratch.set(block, end)
  scratch.set(paxHeader(size))
  let at = blockSize
  for (const record of records) at = writeRecord(scratch, at, record)
  scratch.fill(0, at, end)
  return scratch.subarray(0, end + blockSize)
}

/** Most entries have one record, a time: their headers are the same. */
const paxHeaders: Buffer[] = []

function paxHeader(size: number): Buffer {
  const known = paxHeaders[size]
  if (known) return known
  block.set(paxBlank)
  octal(124, 11, size)
  checksum(0, 0)
  const header = Buffer.from(block)
  if (size < blockSize) paxHeaders[size] = header
  return header
}
