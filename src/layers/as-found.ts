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
export function* asFound(dir: string, entries: readonly LayerEntry[]): Generator<LayerEntry> {
  const others = entries.some(({ kind }) => kind === 'link') ? new Map<ByteString, LayerEntry>() : undefined
  let previous: ByteString = ''
  for (const given of entries) {
    const { path } = given
    if (path <= previous) throw new StrakeError('internal', `${textOf(path)} and ${textOf(previous)} are not in order`)
    previous = path
    refuseWhiteout(path)
    const xattrs = portable(given.xattrs)
    const time = representable(dir, given.mtime)
    const same = time === given.mtime && xattrs === given.xattrs
    const entry: LayerEntry = same ? given : { ...given, mtime: time, ...(xattrs && { xattrs }) }
    if (entry.kind !== 'link') {
      others?.set(path, entry)
      yield entry
      continue
    }
    const first = others!.get(entry.target)
    if (!first)
      throw new StrakeError('internal', `${textOf(path)} is a link to ${textOf(entry.target)}, not an earlier file`)
    const { mode, uid, gid, mtime } = first
    yield { path, kind: 'link', target: first.path, mode, uid, gid, mtime }
  }
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
