import { readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type ByteString, pathOf } from '../../lib/mod.ts'

/** The paths of the plain files below a folder, in order within each folder. No symlink is followed. */
export async function* walk(root: string, signal: AbortSignal | undefined): AsyncGenerator<ByteString> {
  let folders = 0
  const waiting: ByteString[] = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    // Signals are only heard between two turns.
    if (++folders % 64 === 0) await setImmediate()
    signal?.throwIfAborted()
    const prefix = folder && `${folder}/`
    const below: ByteString[] = []
    const entries = readdirSync(pathOf(`${root}/${folder}`), { withFileTypes: true, encoding: 'latin1' })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory()) below.push(prefix + entry.name)
      else if (entry.isFile()) yield prefix + entry.name
    }
    waiting.push(...below.reverse())
  }
}
