import type { LayerEntry } from '../../layers/mod.ts'
import { encodeHeader, paddingOf, type TarEntry, trailerSize } from '../../tar/mod.ts'
import { contentOf } from './files.ts'

/** A tar of these files. A chunk is only valid until the next one. */
export async function* tarOf(entries: AsyncIterable<LayerEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield encodeHeader(headerOf(entry))
    if (entry.kind !== 'file') continue
    yield* contentOf(entry)
    yield Buffer.alloc(paddingOf(entry.size))
  }
  yield Buffer.alloc(trailerSize)
}

function headerOf(entry: LayerEntry): TarEntry {
  const { path, mode, uid, gid, mtime, xattrs } = entry
  const base = { path, mode, uid, gid, mtime, size: 0, ...(xattrs && { xattrs }) }
  switch (entry.kind) {
    case 'file':
      return { ...base, type: 'file', size: entry.size }
    case 'symlink':
    case 'link':
      return { ...base, type: entry.kind, target: entry.target }
    case 'device':
      return { ...base, type: entry.type, device: { major: entry.major, minor: entry.minor } }
    default:
      return { ...base, type: entry.kind }
  }
}
