import { sys } from '../host/mod.ts'
import { StrakeError, textOf } from '../lib/mod.ts'
import { isPortable } from './marks.ts'
import type { ByteString, LayerEntry } from './types.ts'

/**
 * Entries as they will be found when the directory that they are written into is scanned, so that its tar has the hash
 * that was taken while it was written.
 *
 * @throws `internal` when they are not in order, `unsupported` for a name that would be taken for a whiteout
 */
export function* asFound(dir: string, entries: Iterable<LayerEntry>): Generator<LayerEntry> {
  /** What links may name, gathered when the first link comes: most layers have none. */
  let others: Map<ByteString, LayerEntry> | undefined
  let previous: ByteString = ''
  for (const given of entries) {
    const { path } = given
    if (path <= previous) throw new StrakeError('internal', `${textOf(path)} and ${textOf(previous)} are not in order`)
    previous = path
    refuseWhiteout(path)
    if (given.kind !== 'link') {
      const entry = kept(dir, given)
      others?.set(path, entry)
      yield entry
      continue
    }
    others ??= othersBefore(path, dir, entries)
    const first = others.get(given.target)
    if (!first)
      throw new StrakeError('internal', `${textOf(path)} is a link to ${textOf(given.target)}, not an earlier file`)
    const { mode, uid, gid, mtime } = first
    yield { path, kind: 'link', target: first.path, mode, uid, gid, mtime }
  }
}

function othersBefore(path: ByteString, dir: string, entries: Iterable<LayerEntry>): Map<ByteString, LayerEntry> {
  const others = new Map<ByteString, LayerEntry>()
  for (const entry of entries) {
    if (entry.path >= path) break
    others.set(entry.path, kept(dir, entry))
  }
  return others
}

/** An entry with what the file system and the layer's tar can hold of it. */
function kept(dir: string, entry: LayerEntry): LayerEntry {
  const xattrs = portable(entry.xattrs)
  const mtime = representable(dir, entry.mtime)
  if (mtime === entry.mtime && xattrs === entry.xattrs) return entry
  return { ...entry, mtime, ...(xattrs && { xattrs }) }
}

/** Image layers have no way to hold names that begin with `.wh.`: they mean that something is gone. */
export function refuseWhiteout(path: ByteString): void {
  if (!path.includes('.wh.') || !/(?:^|\/)\.wh\./.test(path)) return
  throw new StrakeError('unsupported', `a layer can't hold the name ${textOf(path)}`, {
    hint: 'Names that begin with ".wh." mean removed files in image layers. Rename or remove the file.',
  })
}

const latest = 2n ** 31n * 1_000_000_000n

/** Not all file systems hold times before 1970 or after 2038: the time as this one will give it back. */
function representable(dir: string, time: bigint): bigint {
  if (time >= 0n && time < latest) return time
  sys.lutimes(dir, time, time)
  return sys.lstat(sys.AT_FDCWD, dir).mtime
}

function portable(xattrs: LayerEntry['xattrs']): LayerEntry['xattrs'] {
  if (!xattrs || [...xattrs.keys()].every(isPortable)) return xattrs
  return new Map([...xattrs].filter(([name]) => isPortable(name)))
}
