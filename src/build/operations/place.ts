import type { LayerEntry } from '../../layers/mod.ts'
import { type ByteString, StrakeError, textOf } from '../../lib/mod.ts'
import { type CollectedSource, readXattrs } from '../context/collect.ts'
import type { Collected } from '../context/collected.ts'
import { type FileStat, resolveInTree, type Tree } from '../context/tree.ts'
import { defaultDirectoryMode } from './chmod.ts'
import { EntryMaker, type Making } from './entry-maker.ts'

export interface Placement extends Making {
  /** Absolute, as written: a closing slash means a directory. */
  readonly destination: ByteString
  /** The root file system below the new layer. */
  readonly lower: Tree
  /** Nanoseconds since the epoch. */
  readonly now: bigint
}

/** A file that is made here: a here-document. */
export interface MadeFile {
  readonly name: ByteString
  readonly bytes: Uint8Array
}

export type PlacedSource = CollectedSource | MadeFile

const defaultFileMode = 0o644

export interface Placed {
  /** In the order of their paths. Each is made when it comes: there may be very many. */
  readonly entries: Iterable<LayerEntry>
  readonly count: number
  /** Of the content of files. */
  readonly bytes: number
}

/** What goes to a path: what was collected, as a number, or an entry of its own. */
type Slot = number | LayerEntry

/**
 * Where each thing that a COPY brings goes: the entries of the new layer, sorted, with the directories that lead to them.
 * Symlinks of the destination are followed in the root below. Throws `invalid` where a directory would replace something
 * else, or the other way round.
 */
export function place(
  sources: readonly PlacedSource[],
  { destination, lower, owner, chmod, now, epoch, onHash }: Placement,
): Placed {
  const slots = new Map<ByteString, Slot>()
  /** What is below the destination, where nothing else can be there: in order as it was collected, and in no slot. */
  let rest: { readonly maker: EntryMaker; readonly prefix: ByteString; readonly source: CollectedSource } | undefined
  const makers: EntryMaker[] = []
  const resolved = resolveInTree(lower, destination)
  const intoDirectory = destination.endsWith('/') || (lower.stat(resolved)?.isDirectory() ?? false)
  const own = owner ?? { uid: 0, gid: 0 }
  let madeMode = defaultDirectoryMode

  const makerOf = (slot: number) => makers[slot % sources.length]!
  const rowOf = (slot: number) => Math.floor(slot / sources.length)
  const entryOf = (slot: Slot, path: ByteString): LayerEntry =>
    typeof slot === 'number' ? makerOf(slot).entry(rowOf(slot), path) : slot

  function entryAt(path: ByteString): LayerEntry | undefined {
    const slot = slots.get(path)
    return slot === undefined ? undefined : entryOf(slot, path)
  }

  function isDirectoryAt(path: ByteString): boolean | undefined {
    const slot = slots.get(path)
    if (typeof slot === 'number') return makerOf(slot).stat(rowOf(slot)).isDirectory()
    return slot && slot.kind === 'directory'
  }

  function madeDirectory(path: ByteString, mtime = now, by = own): void {
    slots.set(path, { kind: 'directory', path, mode: madeMode, ...by, mtime })
  }

  /** The directory as it is below, so that the layer does not change it. */
  function keptDirectory(path: ByteString, mtime?: bigint): boolean {
    const stat = lower.stat(path)
    if (!stat) return false
    if (!stat.isDirectory()) throw notDirectory(path)
    const xattrs = readXattrs(lower, path)
    slots.set(path, {
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
      const isDirectory = isDirectoryAt(parent)
      if (isDirectory === false) throw notDirectory(parent)
      if (isDirectory || keptDirectory(parent)) continue
      madeDirectory(parent)
      touchParent(parent)
    }
  }

  /** Something was put beside it. */
  function touchParent(path: ByteString): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    const entry = entryAt(parent)
    if (entry) slots.set(parent, { ...entry, mtime: now })
  }

  /** A directory that is made, or kept as it is but for its time. */
  function placeDirectory(path: ByteString, mtime: bigint, by = own): void {
    addParents(path)
    const known = entryAt(path)
    if (known && known.kind !== 'directory') throw notDirectory(path)
    if (known) slots.set(path, { ...known, mtime })
    else if (!keptDirectory(path, mtime)) {
      madeDirectory(path, mtime, by)
      touchParent(path)
    }
  }

  function placeFile(name: ByteString, slot: (path: ByteString) => Slot): void {
    const path = resolveInTree(lower, intoDirectory ? `${resolved}/${name}` : resolved)
    if (lower.stat(path)?.isDirectory() || isDirectoryAt(path)) {
      throw new StrakeError('invalid', `cannot copy the file ${textOf(name)} over the directory /${textOf(path)}`)
    }
    addParents(path)
    touchParent(path)
    slots.set(path, slot(path))
  }

  /** Directories that only lead to what is wanted. */
  const leading = new Set<ByteString>()

  /** Of one that is there only the mode changes, as BuildKit has it, and its time by what is made in it. */
  function placeLeading(path: ByteString, { mode }: FileStat, made: Slot): void {
    const isDirectory = isDirectoryAt(path)
    if (isDirectory === false) throw notDirectory(path)
    leading.add(path)
    if (isDirectory || keptDirectory(path)) {
      slots.set(path, { ...entryAt(path)!, mode: mode & 0o7777 })
      return
    }
    slots.set(path, made)
    slots.set(path, { ...entryAt(path)!, mtime: now })
    touchLeading(path)
  }

  /** Something was made there. A directory that is wanted itself gets its own time in the end. */
  function touchLeading(path: ByteString): void {
    if (leading.size > 0 && leading.has(path.slice(0, Math.max(0, path.lastIndexOf('/'))))) touchParent(path)
  }

  for (const [index, source] of sources.entries()) {
    const archive = 'archive' in source && source.archive === true
    madeMode = archive || !chmod ? defaultDirectoryMode : chmod.made
    if ('bytes' in source) {
      const { name, bytes } = source
      const mode = chmod?.change(defaultFileMode, false) ?? defaultFileMode
      const from = { kind: 'bytes', bytes } as const
      placeFile(name, (path) => ({ kind: 'file', path, mode, ...own, mtime: now, source: from, size: bytes.length }))
      continue
    }
    const top = source.entries.at(0)
    const maker = new EntryMaker(source, { owner, chmod, epoch, onHash })
    makers[index] = maker
    if (!top) continue
    const slotOf = (row: number) => row * sources.length + index
    if (!top.stat.isDirectory()) {
      placeFile(source.name, (path) => {
        maker.meet(0, top.stat, path)
        return slotOf(0)
      })
      continue
    }
    const base = resolved
    const existed = base === '' || slots.has(base) || lower.stat(base) !== undefined
    // The destination itself only takes the time of a directory that is copied into it, and that not from the root.
    if (base !== '') placeDirectory(base, top.unnamed || top.from === '' ? now : top.stat.mtimeNs)
    const prefix = base === '' ? '' : `${base}/`
    if (sources.length === 1 && source.whole) rest = { maker, prefix, source }
    /** A directory that is not there below: nothing in it is. */
    let missing = '/'
    let row = -1
    for (const entry of source.entries) {
      if (++row === 0) continue
      const path = prefix + entry.path
      if (entry.unnamed) {
        placeDirectory(path, now, { uid: 0, gid: 0 })
        continue
      }
      const { stat } = entry
      const isDirectory = stat.isDirectory()
      if (existed && !archive && !path.startsWith(missing)) {
        const below = lower.stat(path)
        if (below) checkReplaces(below, path, entry)
        else if (isDirectory) missing = `${path}/`
      }
      maker.meet(row, stat, path)
      if (rest) continue
      if (entry.leading) {
        placeLeading(path, stat, slotOf(row))
        continue
      }
      const before = isDirectoryAt(path)
      if (before !== undefined && before !== isDirectory) throw notDirectory(path)
      if (leading.size > 0 && (!isDirectory || !(before ?? lower.stat(path)))) touchLeading(path)
      slots.set(path, slotOf(row))
    }
  }
  const paths = [...slots.keys()].sort()
  const sorted = paths.map((path) => slots.get(path)!)
  let bytes = 0
  for (const slot of sorted) {
    if (typeof slot === 'number') bytes += makerOf(slot).size(rowOf(slot))
    else if (slot.kind === 'file') bytes += slot.size
  }
  slots.clear()
  let count = paths.length
  if (rest) {
    const { maker, source } = rest
    count += source.entries.length - 1
    for (let row = 1; row < source.entries.length; row++) bytes += maker.size(row)
  }
  function* all(): Generator<LayerEntry> {
    for (let i = 0; i < paths.length; i++) yield entryOf(sorted[i]!, paths[i]!)
    if (!rest) return
    const { maker, prefix, source } = rest
    let row = -1
    for (const { path } of source.entries) if (++row > 0) yield maker.entry(row, prefix + path)
  }
  const entries = {
    *[Symbol.iterator]() {
      for (const entry of all()) yield epoch !== undefined && entry.mtime > epoch ? { ...entry, mtime: epoch } : entry
    },
  }
  return { entries, count, bytes }
}

function checkReplaces(below: FileStat, path: ByteString, entry: Collected): void {
  if (below.isDirectory() === entry.stat.isDirectory()) return
  if (entry.stat.isDirectory()) throw notDirectory(path)
  throw new StrakeError('invalid', `cannot copy the file ${textOf(entry.from)} over the directory /${textOf(path)}`)
}

function notDirectory(path: ByteString): StrakeError {
  return new StrakeError('invalid', `cannot copy to non-directory: /${textOf(path)}`, {
    hint: `/${textOf(path)} is in the image already, and is no directory. If it is a symlink, copy to its target.`,
  })
}
