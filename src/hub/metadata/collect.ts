import type { Retention } from '../types.ts'
import type { Database } from './database.ts'

export interface Swept {
  /** Keys in the blob store whose bytes nobody has any more. */
  readonly keys: readonly string[]
  readonly bytes: number
}

const day = 24 * 60 * 60 * 1000

/** Applies the rules of retention of every repository. Returns the tags that went, as `NAME:TAG`. */
export function pruneTags(db: Database, now: number): string[] {
  const removed: string[] = []
  const repositories = db.sql("SELECT id, name, retention FROM repositories WHERE retention <> '{}'").all()
  for (const { id, name, retention } of repositories) {
    const { newest, days, untaggedDays } = JSON.parse(retention as string) as Retention
    db.transaction(() => {
      if (newest !== undefined || days !== undefined) {
        const gone = db
          .sql(
            `DELETE FROM tags WHERE repository = $id AND pushed_at < $since AND name NOT IN (
              SELECT name FROM tags WHERE repository = $id ORDER BY pushed_at DESC, name LIMIT $newest)
            RETURNING name`,
          )
          .all({
            $id: id as number,
            $since: days === undefined ? now + 1 : now - days * day,
            $newest: newest ?? 0,
          })
        for (const tag of gone) removed.push(`${name}:${tag.name}`)
      }
      if (untaggedDays !== undefined) removeUntagged(db, id as number, now - untaggedDays * day)
    })
  }
  return removed
}

/** Removes manifests pushed before the time that no tag, no kept index and no kept subject leads to. */
function removeUntagged(db: Database, repository: number, before: number): void {
  db.sql(
    `WITH RECURSIVE kept (digest) AS (
      SELECT digest FROM tags WHERE repository = $id
      UNION SELECT digest FROM manifests WHERE repository = $id AND pushed_at >= $before
      UNION SELECT manifest_targets.target FROM kept JOIN manifest_targets
        ON manifest_targets.repository = $id AND manifest_targets.manifest = kept.digest
      UNION SELECT manifests.digest FROM kept JOIN manifests
        ON manifests.repository = $id AND manifests.subject = kept.digest
    )
    DELETE FROM manifests WHERE repository = $id AND digest NOT IN (SELECT digest FROM kept)`,
  ).run({ $id: repository, $before: before })
}

/** Forgets links that no manifest needs and that are older than the time, and then blobs without a link. */
export function sweep(db: Database, before: number): Swept {
  return db.transaction(() => {
    db.sql(
      `DELETE FROM repository_blobs WHERE linked_at < ? AND NOT EXISTS (
        SELECT 1 FROM manifest_targets
        WHERE manifest_targets.repository = repository_blobs.repository AND target = digest)`,
    ).run(before)
    const gone = db
      .sql(
        `DELETE FROM blobs WHERE NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.digest = blobs.digest)
        RETURNING key, size`,
      )
      .all()
    return {
      keys: gone.map(({ key }) => key as string),
      bytes: gone.reduce((sum, { size }) => sum + (size as number), 0),
    }
  })
}
