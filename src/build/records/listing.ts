import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type ByteString, errno, type FileChange, textOf } from '../../lib/mod.ts'
import { type Digest, hex } from '../../oci/mod.ts'

/** The files that a step read: what its digest of them is the hash of, and the names of its sources. */
export interface Listing {
  /** For each source, its path in the tree. */
  readonly tops: readonly ByteString[]
  /** Records, each closed by NUL but for the last one (`listSources`). */
  readonly bytes: Buffer
}

/** Keeps the list, under the digest of its bytes, if it is not there yet. It may be lost at any time. */
export function keepListing(storeRoot: string, digest: Digest, { tops, bytes }: Listing): void {
  const directory = folder(storeRoot)
  const path = join(directory, hex(digest))
  if (existsSync(path)) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(tops)}\n`, { encoding: 'latin1', mode: 0o600 })
  appendFileSync(temporary, bytes)
  renameSync(temporary, path)
}

export function readListing(storeRoot: string, digest: string): Listing | undefined {
  try {
    const whole = readFileSync(join(folder(storeRoot), hex(digest as Digest)))
    const end = whole.indexOf(10)
    return { tops: JSON.parse(whole.toString('latin1', 0, end)) as ByteString[], bytes: whole.subarray(end + 1) }
  } catch (error) {
    if (errno(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** So many bytes of lists are kept: those of 20,000 files take 2 MB, and each changed file makes a new one. */
const mostBytes = 512 * 1024 ** 2
const newFor = 3_600_000

/** Removes the lists that are not in use any more, and of the others the oldest where they are too many. */
export function removeListings(
  storeRoot: string,
  inUse: ReadonlySet<string>,
  { most = mostBytes, now = Date.now() } = {},
): void {
  const directory = folder(storeRoot)
  if (!existsSync(directory)) return
  const kept: { readonly path: string; readonly size: number; readonly mtimeMs: number }[] = []
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    // A build that runs writes its lists before the rows that name them.
    const isNew = stat && stat.mtimeMs > now - newFor
    if (stat && (isNew || inUse.has(`sha256:${name}`))) kept.push({ path, size: stat.size, mtimeMs: stat.mtimeMs })
    else rmSync(path, { force: true })
  }
  let bytes = 0
  for (const { path, size } of kept.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    bytes += size
    if (bytes > most) rmSync(path, { force: true })
  }
}

function folder(storeRoot: string): string {
  return join(storeRoot, 'cache', 'files')
}

/** How many changes are named; the others are counted. */
const named = 20

/**
 * What is different between two lists. They are in the order of one walk, so that what is the same at both ends is passed
 * over as bytes: one changed file of many costs hardly more than reading the list.
 */
export function compareListings(
  before: Listing,
  after: Listing,
): { readonly changes: readonly FileChange[]; readonly total: number } {
  const start = commonStart(before.bytes, after.bytes)
  const end = commonEnd(before.bytes, after.bytes, start)
  const [old, now] = [read(before, start, end), read(after, start, end)]
  const changes: FileChange[] = []
  let total = 0
  const add = (path: string, change: FileChange['change']) => {
    if (++total <= named) changes.push({ path, change })
  }
  for (const [key, entry] of now) {
    const other = old.get(key)
    if (!other) add(entry.path, 'added')
    else if (other.rest !== entry.rest) add(entry.path, changeOf(other.rest, entry.rest))
  }
  for (const [key, { path }] of old) if (!now.has(key)) add(path, 'removed')
  return { changes, total }
}

interface Entry {
  readonly path: string
  /** `MODE [DIGEST|TARGET|DEVICE] UID:GID XATTRS…` */
  readonly rest: string
}

function read({ tops, bytes }: Listing, start: number, end: number): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  let source = sourcesBefore(bytes, start)
  const middle = bytes.toString('latin1', start, Math.max(start, bytes.length - end))
  for (const record of middle.split('\0')) {
    if (record === '') continue
    if (record.startsWith('source ')) {
      source++
      continue
    }
    const space = record.indexOf(' ')
    const after = space + 1 + Number(record.slice(0, space))
    const path = record.slice(space + 1, after)
    const top = tops[source - 1] ?? ''
    const shown = textOf([top, path].filter(Boolean).join('/')) || '.'
    entries.set(`${source} ${path}`, { path: shown, rest: record.slice(after + 1) })
  }
  return entries
}

function sourcesBefore(bytes: Buffer, end: number): number {
  let count = 0
  for (let at = 0; at >= 0 && at < end - 1; at = bytes.indexOf('\0source ', at + 1)) count++
  return count
}

/** The first record that differs begins here. */
function commonStart(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let at = 0
  for (let step = 1 << 16; step > 0; step >>= 1) {
    while (at + step <= length && a.compare(b, at, at + step, at, at + step) === 0) at += step
  }
  return at === 0 ? 0 : a.lastIndexOf(0, at - 1) + 1
}

/** How many bytes at the end are the same, from the beginning of a record on. */
function commonEnd(a: Buffer, b: Buffer, start: number): number {
  const length = Math.min(a.length, b.length) - start
  let same = 0
  const equal = (size: number) =>
    a.compare(b, b.length - same - size, b.length - same, a.length - same - size, a.length - same) === 0
  for (let step = 1 << 16; step > 0; step >>= 1) {
    while (same + step <= length && equal(step)) same += step
  }
  const first = a.indexOf(0, a.length - same)
  return first < 0 ? 0 : a.length - first
}

const fileType = 0o170000

function changeOf(before: string, after: string): FileChange['change'] {
  const [old, now] = [split(before), split(after)]
  if ((old.mode & fileType) !== (now.mode & fileType)) return 'kind'
  if (old.content !== now.content) return (now.mode & fileType) === 0o120000 ? 'target' : 'content'
  if (old.mode !== now.mode) return 'mode'
  return old.owner === now.owner ? 'xattrs' : 'owner'
}

function split(rest: string) {
  const [, mode = '0', content = '', owner = ''] = /^(\d+)(?: (.*?))? (\d+:\d+)(?: .*)?$/s.exec(rest) ?? []
  return { mode: Number.parseInt(mode, 8), content, owner }
}
