import { createHash } from 'node:crypto'
import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { type ByteString, pathOf, textOf } from '../lib/mod.ts'

/** Undefined where there is nothing. */
export interface Change {
  readonly before: unknown
  readonly after: unknown
}

export interface FileDifference {
  /** Absolute. */
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  /**
   * What changed: `type`, `mode` (octal), `owner` (`uid:gid`), `size`, `content` (digest), `target`, `device`, `modified`
   * (RFC 3339), `xattr NAME` (hexadecimal).
   */
  readonly fields: Readonly<Record<string, Change>>
}

/** Where two root file systems differ, by path. Directories count for themselves, not for what is in them. */
export function diffTrees(before: ByteString, after: ByteString, signal?: AbortSignal): FileDifference[] {
  const differences: FileDifference[] = []
  const visit = (path: ByteString, left: BigIntStats | undefined, right: BigIntStats | undefined) => {
    signal?.throwIfAborted()
    const one = (change: FileDifference['change'], fields = {}) =>
      differences.push({ path: textOf(path), change, fields })
    if (left && right) {
      const fields = path === '' ? {} : fieldsOf(path, { before, after, left, right })
      if (Object.keys(fields).length > 0) one('changed', fields)
    } else one(right ? 'added' : 'removed')
    const names = new Set([
      ...(left?.isDirectory() ? list(before + path) : []),
      ...(right?.isDirectory() ? list(after + path) : []),
    ])
    for (const name of [...names].sort()) {
      const child = `${path}/${name}`
      visit(
        child,
        left?.isDirectory() ? look(before + child) : undefined,
        right?.isDirectory() ? look(after + child) : undefined,
      )
    }
  }
  visit('', look(before), look(after))
  return differences
}

const list = (directory: ByteString) => readdirSync(pathOf(directory), { encoding: 'latin1' })
const look = (path: ByteString) => lstatSync(pathOf(path), { bigint: true, throwIfNoEntry: false })

function fieldsOf(
  path: ByteString,
  { before, after, left, right }: { before: ByteString; after: ByteString; left: BigIntStats; right: BigIntStats },
): Record<string, Change> {
  // Two names in one file system, the store's: overlayfs tells the numbers of the layers' own files.
  if (left.ino === right.ino && left.ctimeNs === right.ctimeNs && left.isFile() && right.isFile()) return {}
  const [one, other] = [describe(before + path, left), describe(after + path, right)]
  if (one.type === 'file' && other.type === 'file' && one.size === other.size) {
    one.content = digestOf(before + path)
    other.content = digestOf(after + path)
  }
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return Object.fromEntries(
    names.filter((name) => one[name] !== other[name]).map((name) => [name, { before: one[name], after: other[name] }]),
  )
}

function describe(path: ByteString, stat: BigIntStats): Record<string, unknown> {
  const kind = typeOf(stat)
  const xattrs = sys
    .llistxattr(pathOf(path))
    .filter((name) => !/^(trusted|user)\.overlay\./.test(name.toString()))
    .map((name) => [`xattr ${name}`, Buffer.from(sys.lgetxattr(pathOf(path), name) ?? []).toString('hex')])
  return {
    type: kind,
    ...(kind !== 'symlink' && { mode: (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0') }),
    owner: `${stat.uid}:${stat.gid}`,
    ...(kind === 'file' && { size: Number(stat.size) }),
    ...(kind === 'symlink' && { target: textOf(readlinkSync(pathOf(path), { encoding: 'latin1' })) }),
    ...(kind.endsWith('device') && { device: `${stat.rdev}` }),
    modified: timeText(stat.mtimeNs),
    ...Object.fromEntries(xattrs),
  }
}

/** To the nanosecond, without closing zeros. */
function timeText(nanoseconds: bigint): string {
  const fraction = nanoseconds % 1_000_000_000n
  const seconds = new Date(Number((nanoseconds - fraction) / 1_000_000n))
    .toISOString()
    .slice(0, 'yyyy-mm-ddThh:mm:ss'.length)
  return `${seconds}${`.${`${fraction}`.padStart(9, '0')}`.replace(/\.?0+$/, '')}Z`
}

function typeOf(stat: BigIntStats): string {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isFIFO()) return 'fifo'
  if (stat.isSocket()) return 'socket'
  return stat.isBlockDevice() ? 'block device' : 'character device'
}

const piece = 1 << 20

function digestOf(path: ByteString): string {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(piece)
  const fd = openSync(pathOf(path), 'r')
  try {
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, length))
    }
  } finally {
    closeSync(fd)
  }
  return `sha256:${hash.digest('hex')}`
}
