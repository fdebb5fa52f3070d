import { type LayerEntry, tarEntry } from '../../layers/mod.ts'
import { encodeHeader, paddingOf, trailerSize } from '../../tar/mod.ts'
import { contentOf } from './files.ts'

/** A tar of these files. A chunk is only valid until the next one. */
export async function* tarOf(entries: AsyncIterable<LayerEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    yield encodeHeader(tarEntry(entry))
    if (entry.kind !== 'file') continue
    yield* contentOf(entry)
    yield Buffer.alloc(paddingOf(entry.size))
  }
  yield Buffer.alloc(trailerSize)
}
