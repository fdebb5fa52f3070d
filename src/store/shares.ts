import { join } from 'node:path'
import type { Database } from './database.ts'
import { snapshotPath } from './layout.ts'
import { sharedSize } from './tree.ts'
import type { SnapshotId } from './types.ts'

/**
 * Gives the layers that shared files with one that is gone others to share them with: what that one itself shared with,
 * or, where there is none, the oldest of them. In the transaction that deleted the rows.
 */
export function inheritShares(
  db: Database,
  gone: readonly { readonly id: number; readonly shares_with: number | null }[],
): void {
  const older = new Map(gone.map(({ id, shares_with }) => [id, shares_with]))
  const heirs = new Map<number, number>()
  const orphans = db
    .sql('SELECT id, shares_with FROM snapshots WHERE shares_with NOT IN (SELECT id FROM snapshots) ORDER BY id')
    .all() as { id: number; shares_with: number }[]
  for (const { id, shares_with } of orphans) {
    let source: number | null = shares_with
    while (source !== null && older.has(source)) {
      const heir = heirs.get(source)
      heirs.set(source, heir ?? id)
      source = heir ?? older.get(source) ?? null
    }
    db.sql('UPDATE snapshots SET shares_with = ?, shared = NULL WHERE id = ?').run(source, id)
  }
}

/** Counts what is shared where it is not known: nothing lasting changes, so that no lock is needed. */
export function measureShares(db: Database): void {
  const rows = db.sql('SELECT id, shares_with FROM snapshots WHERE shares_with IS NOT NULL AND shared IS NULL').all()
  for (const row of rows as { id: SnapshotId; shares_with: SnapshotId }[]) {
    const files = (id: SnapshotId) => join(snapshotPath(db.root, id), 'fs')
    const bytes = sharedSize(files(row.id), files(row.shares_with))
    db.transaction(() =>
      db.sql('UPDATE snapshots SET shared = ? WHERE id = ? AND shares_with = ?').run(bytes, row.id, row.shares_with),
    )
  }
}
