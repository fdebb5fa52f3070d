import { createHash } from 'node:crypto'
import type { Subject } from '../../attest/mod.ts'
import type { LayerEntry } from '../../layers/mod.ts'
import { bytesOf, textOf } from '../../lib/mod.ts'
import type { StatementFile } from '../attestations/attestor.ts'
import { contentOf } from './files.ts'

/**
 * Files, and then statements of them, which are files in the root as BuildKit makes them: of all plain files that are there.
 * One of these that has a statement's name gives way to it.
 *
 * @param list the files, twice: a statement names their hashes
 */
export async function* withStatements(
  list: () => AsyncIterable<LayerEntry>,
  statements: readonly StatementFile[],
  time: bigint | undefined,
): AsyncGenerator<LayerEntry> {
  const names = new Set(statements.map(({ name }) => bytesOf(name)))
  const subjects: Subject[] = []
  for await (const entry of list()) {
    if (entry.kind !== 'file' || names.has(entry.path)) continue
    subjects.push({ name: textOf(entry.path), digest: { sha256: hashOf(entry) } })
  }
  for await (const entry of list()) if (!names.has(entry.path)) yield entry
  const mtime = time ?? BigInt(Date.now()) * 1_000_000n
  for (const { name, text } of statements) {
    const bytes = Buffer.from(text(subjects))
    const source = { kind: 'bytes', bytes } as const
    yield { kind: 'file', path: bytesOf(name), mode: 0o600, uid: 0, gid: 0, mtime, size: bytes.length, source }
  }
}

function hashOf(entry: LayerEntry & { kind: 'file' }): string {
  const hash = createHash('sha256')
  for (const chunk of contentOf(entry)) hash.update(chunk)
  return hash.digest('hex')
}
