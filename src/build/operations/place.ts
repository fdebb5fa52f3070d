import type { LayerEntry } from '../../layers/mod.ts'
import { type ByteString, StrakeError, textOf } from '../../lib/mod.ts'
import { type Collected, type CollectedSource, readXattrs } from '../context/collect.ts'
import { resolveInTree, type Tree } from '../context/tree.ts'
import { type Chmod, defaultDirectoryMode } from './chmod.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface Placement {
  /** Absolute, as written: a closing slash means a directory. */
  readonly destination: ByteString
  /** The root file system below the new layer. */
  readonly lower: Tree
  /** Undefined: as the source has it. */
  readonly owner: Owner | undefined
  readonly chmod: Chmod | undefined
  /** Nanoseconds since the epoch. */
  readonly now: bigint
  /** For a reproducible layer: the latest time that anything may have, and the one of what has it by chance. */
  readonly epoch: bigint | undefined
}

/** A file that is made here: a here-document. */
export interface MadeFile {
  readonly name: ByteString
  readonly bytes: Uint8Array
}

export type PlacedSource = CollectedSource | MadeFile

const defaultFileMode = 0o644

export interface Placed {
  readonly entries: LayerEntry[]
  /** By their new paths, the files whose content digest is not known yet. */
  readonly unread: ReadonlyMap<ByteString, Collected>
}

/**
 * Where each thing that a COPY brings goes: the entries of the new layer, sorted, with the directories that lead to them.
 * Symlinks of the destination are followed in the root below. Throws `invalid` where a directory would replace something
 * else, or the other way round.
 */
export function place(
  sources: readonly PlacedSource[],
  { destination, lower, owner, chmod, now, epoch }: Placement,
): Placed {
  const entries = new Map<ByteString, LayerEntry>()
  const unread = new Map<ByteString, Collected>()
  const resolved = resolveInTree(lower, destination)
  const intoDirectory = destination.endsWith('/') || (lower.stat(resolved)?.isDirectory() ?? false)
  const own = owner ?? { uid: 0, gid: 0 }
  let madeMode = defaultDirectoryMode

  function madeDirectory(path: ByteString, mtime = now, by = own): void {
    entries.set(path, { kind: 'directory', path, mode: madeMode, ...by, mtime })
  }

  /** The directory as it is below, so that the layer does not change it. */
  function keptDirectory(path: ByteString, mtime?: bigint): boolean {
    const stat = lower.stat(path)
    if (!stat) return false
    if (!stat.isDirectory()) throw notDirectory(path)
    const xattrs = readXattrs(lower, path)
    entries.set(path, {
      kind: 'directory',
      path,
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      mtime: mtime ?? stat.mtimeNs,
      ...(xattrs && { xattrs }),
    })
    return true
  }

  function addParents(path: ByteString): void {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      const known = entries.get(parent)
      if (known && known.kind !== 'directory') throw notDirectory(parent)
      if (known || keptDirectory(parent)) continue
      madeDirectory(parent)
      touchParent(parent)
    }
  }

  /** Something was put beside it. */
  function touchParent(path: ByteString): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const entry = entries.get(parent)
    if (entry) entries.set(parent, { ...entry, mtime: now })
  }

  /** A directory that is made, or kept as it is but for its time. */
  function placeDirectory(path: ByteString, mtime: bigint, by = own): void {
    addParents(path)
    const known = entries.get(path)
    if (known && known.kind !== 'directory') throw notDirectory(path)
    if (known) entries.set(path, { ...known, mtime })
    else if (!keptDirectory(path, mtime)) {
      madeDirectory(path, mtime, by)
      touchParent(path)
    }
  }

  function placeFile(name: ByteString, entry: (path: ByteString) => LayerEntry): ByteString {
    const path = resolveInTree(lower, intoDirectory ? `${resolved}/${name}` : resolved)
    if (lower.stat(path)?.isDirectory() || entries.get(path)?.kind === 'directory') {
      throw new StrakeError('invalid', `cannot copy the file ${textOf(name)} over the directory /${textOf(path)}`)
    }
    addParents(path)
    touchParent(path)
    entries.set(path, entry(path))
    return path
  }

  function noteUnread(path: ByteString, entry: Collected): void {
    if (entry.stat.isFile() && !entry.digest) unread.set(path, entry)
  }

  /** Directories that only lead to what is wanted. */
  const leading = new Set<ByteString>()

  /** Of one that is there only the mode changes, as BuildKit has it, and its time by what is made in it. */
  function placeLeading(path: ByteString, { stat }: Collected, made: LayerEntry): void {
    const known = entries.get(path)
    if (known && known.kind !== 'directory') throw notDirectory(path)
    leading.add(path)
    if (known || keptDirectory(path)) {
      entries.set(path, { ...entries.get(path)!, mode: stat.mode & 0o7777 })
      return
    }
    entries.set(path, { ...made, mtime: now })
    touchLeading(path)
  }

  /** Something was made there. A directory that is wanted itself gets its own time in the end. */
  function touchLeading(path: ByteString): void {
    if (leading.has(path.slice(0, Math.max(0, path.lastIndexOf('/'))))) touchParent(path)
  }

  for (const source of sources) {
    const archive = 'archive' in source && source.archive === true
    madeMode = archive || !chmod ? defaultDirectoryMode : chmod.made
    if ('bytes' in source) {
      const { name, bytes } = source
      placeFile(name, (path) => {
        const from = { kind: 'bytes', bytes } as const
        return {
          kind: 'file',
          path,
          mode: chmod?.change(defaultFileMode, false) ?? defaultFileMode,
          ...own,
          mtime: now,
          source: from,
          size: bytes.length,
        }
      })
      continue
    }
    const [top, ...below] = source.entries
    if (!top) continue
    const entryAt = createEntries(source, { owner, chmod, epoch })
    if (!top.stat.isDirectory()) {
      const path = placeFile(source.name, (at) => entryAt(top, at))
      noteUnread(path, top)
      continue
    }
    const base = resolved
    const known = entries.get(base)
    const existed = base === '' || known !== undefined || lower.stat(base) !== undefined
    // The destination itself only takes the time of a directory that is copied into it, and that not from the root.
    if (base !== '') placeDirectory(base, top.unnamed || top.from === '' ? now : top.stat.mtimeNs)
    const prefix = base === '' ? '' : `${base}/`
    for (const entry of below) {
      const path = prefix + entry.path
      if (entry.unnamed) {
        placeDirectory(path, now, { uid: 0, gid: 0 })
        continue
      }
      if (existed && !archive) checkReplaces(lower, path, entry)
      const made = entryAt(entry, path)
      if (entry.leading) {
        placeLeading(path, entry, made)
        continue
      }
      const before = entries.get(path)
      if (before && (before.kind === 'directory') !== (made.kind === 'directory')) throw notDirectory(path)
      if (made.kind !== 'directory' || !(before ?? lower.stat(path))) touchLeading(path)
      entries.set(path, made)
      noteUnread(path, entry)
    }
  }
  const sorted = [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return { entries: epoch === undefined ? sorted : sorted.map((entry) => clampTime(entry, epoch)), unread }
}

/** Turns what was collected from one source into entries; names of one file become links of the first. */
function createEntries(
  source: CollectedSource,
  { owner, chmod, epoch }: { owner: Owner | undefined; chmod: Chmod | undefined; epoch: bigint | undefined },
): (entry: Collected, path: ByteString) => LayerEntry {
  const first = new Map<string, ByteString>()
  return (collected, path) => {
    const { stat, xattrs } = collected
    const kept = source.metadata ? { uid: stat.uid, gid: stat.gid } : { uid: 0, gid: 0 }
    const chance = source.incidental && epoch !== undefined
    const base = {
      path,
      mode: chance ? checkedOutMode(stat) : stat.mode & 0o7777,
      ...(owner ?? kept),
      mtime: chance ? epoch : stat.mtimeNs,
      ...(xattrs && { xattrs }),
    }
    if (collected.target !== undefined) return { ...base, kind: 'symlink', target: collected.target }
    if (chmod && !source.archive) base.mode = chmod.change(base.mode, stat.isDirectory())
    if (stat.isDirectory()) return { ...base, kind: 'directory' }
    if (stat.nlink > 1) {
      const inode = `${stat.dev}:${stat.ino}`
      const target = first.get(inode)
      if (target !== undefined) return { ...base, kind: 'link', target }
      first.set(inode, path)
    }
    if (stat.isFile()) {
      const { digest } = collected
      const from = `${source.tree.root}/${collected.from}`
      return {
        ...base,
        kind: 'file',
        source: { kind: 'path', path: from, ...(digest && { digest }) },
        size: stat.size,
      }
    }
    if (stat.isFIFO()) return { ...base, kind: 'fifo' }
    const [major, minor] = deviceOf(stat.rdev)
    return { ...base, kind: 'device', type: stat.isBlockDevice() ? 'block' : 'char', major, minor }
  }
}

function clampTime(entry: LayerEntry, epoch: bigint): LayerEntry {
  return entry.mtime > epoch ? { ...entry, mtime: epoch } : entry
}

/** As git keeps modes, whatever the umask of whoever checked out. */
function checkedOutMode(stat: Collected['stat']): number {
  return stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644
}

/** Linux's encoding of a device number in st_rdev. */
function deviceOf(rdev: bigint): [major: number, minor: number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffffffffn)
  return [Number(major), Number(minor)]
}

function checkReplaces(lower: Tree, path: ByteString, entry: Collected): void {
  const below = lower.stat(path)
  if (!below || below.isDirectory() === entry.stat.isDirectory()) return
  if (entry.stat.isDirectory()) throw notDirectory(path)
  throw new StrakeError('invalid', `cannot copy the file ${textOf(entry.from)} over the directory /${textOf(path)}`)
}

function notDirectory(path: ByteString): StrakeError {
  return new StrakeError('invalid', `cannot copy to non-directory: /${textOf(path)}`, {
    hint: `/${textOf(path)} is in the image already, and is no directory. If it is a symlink, copy to its target.`,
  })
}
