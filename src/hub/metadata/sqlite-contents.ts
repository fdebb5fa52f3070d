import { StrakeError } from '../../lib/mod.ts'
import type { Descriptor, Digest } from '../../oci/mod.ts'
import type { Blob, Repository, StoredManifest, Tag } from '../types.ts'
import { pruneTags, type Swept, sweep } from './collect.ts'
import {
  type Contents,
  type ManifestRefusal,
  type NewManifest,
  type Page,
  type PutManifestOptions,
  quotaError,
} from './contents.ts'
import type { Database } from './database.ts'

type Row = Record<string, unknown>

/** How exact the time of a link is; collections spare those of the last day. */
const touchInterval = 60 * 60 * 1000

/** Contents in SQLite. */
export class SqliteContents implements Contents {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async blob(repository: Repository, digest: Digest): Promise<Blob | undefined> {
    const row = this.#db
      .sql('SELECT blobs.* FROM repository_blobs JOIN blobs USING (digest) WHERE repository = ? AND digest = ?')
      .get(repository.id, digest)
    return row && { digest, size: row.size as number, key: row.key as string }
  }

  async addBlob(repository: Repository, { digest, size, key }: Blob): Promise<string> {
    return this.#db.transaction(() => {
      const there = this.#db.sql('SELECT key FROM blobs WHERE digest = ?').get(digest)
      if (!there) this.#db.sql('INSERT INTO blobs (digest, key, size) VALUES (?, ?, ?)').run(digest, key, size)
      this.#link(repository, digest)
      return (there?.key as string | undefined) ?? key
    })
  }

  async mountBlob(from: Repository, to: Repository, digest: Digest): Promise<boolean> {
    return this.#db.transaction(() => {
      const has = this.#db.sql('SELECT 1 FROM repository_blobs WHERE repository = ? AND digest = ?')
      if (!has.get(from.id, digest)) return false
      this.#link(to, digest)
      return true
    })
  }

  async isTarget(repository: Repository, digest: Digest): Promise<boolean> {
    return this.#needed(repository, digest)
  }

  async touchBlob(repository: Repository, digest: Digest): Promise<void> {
    const now = Date.now()
    const sql = 'UPDATE repository_blobs SET linked_at = ? WHERE repository = ? AND digest = ? AND linked_at < ?'
    this.#db.note(sql, now, repository.id, digest, now - touchInterval)
  }

  async removeBlob(repository: Repository, digest: Digest): Promise<boolean> {
    return this.#db.transaction(() => {
      if (this.#needed(repository, digest)) return false
      const done = this.#db
        .sql('DELETE FROM repository_blobs WHERE repository = ? AND digest = ?')
        .run(repository.id, digest)
      if (Number(done.changes) === 0) throw new StrakeError('not_found', `no such blob: ${digest}`)
      return true
    })
  }

  async usage(namespace: string): Promise<number> {
    return this.#usage(namespace)
  }

  async manifest(repository: Repository, reference: string): Promise<StoredManifest | undefined> {
    const column = reference.includes(':')
      ? '?'
      : '(SELECT digest FROM tags WHERE repository = manifests.repository AND name = ?)'
    const row = this.#db
      .sql(`SELECT digest, media_type, content, pushed_at FROM manifests WHERE repository = ? AND digest = ${column}`)
      .get(repository.id, reference)
    return (
      row && {
        digest: row.digest as Digest,
        mediaType: row.media_type as string,
        content: row.content as Uint8Array,
        pushedAt: row.pushed_at as number,
      }
    )
  }

  async putManifest(
    repository: Repository,
    manifest: NewManifest,
    { tag, incomplete = false }: PutManifestOptions,
  ): Promise<ManifestRefusal | undefined> {
    return this.#db.transaction(() => {
      const { id } = repository
      const refused =
        (incomplete ? undefined : this.#missing(repository, manifest)) ?? this.#held(repository, manifest, tag)
      if (refused) return refused
      const now = Date.now()
      this.#db
        .sql(
          `INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (repository, digest) DO UPDATE SET pushed_at = excluded.pushed_at`,
        )
        .run(
          id,
          manifest.digest,
          manifest.mediaType,
          manifest.content,
          manifest.subject ?? null,
          manifest.artifactType ?? null,
          Object.keys(manifest.annotations).length > 0 ? JSON.stringify(manifest.annotations) : null,
          now,
        )
      const target = this.#db.sql('INSERT INTO manifest_targets VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      for (const { digest } of [...manifest.blobs, ...manifest.manifests]) target.run(id, manifest.digest, digest)
      if (tag !== undefined) {
        this.#db
          .sql(
            `INSERT INTO tags VALUES (?, ?, ?, ?, ?) ON CONFLICT (repository, name)
            DO UPDATE SET digest = excluded.digest, pushed_at = excluded.pushed_at, checked_at = excluded.checked_at`,
          )
          .run(id, tag, manifest.digest, now, now)
      }
      const quota = this.#quota(repository)
      if (quota !== undefined && this.#usage(repository.namespace) > quota) {
        throw quotaError(repository.namespace, quota)
      }
      return undefined
    })
  }

  async removeManifest(repository: Repository, digest: Digest): Promise<void> {
    this.#db.transaction(() => {
      if (repository.immutable) {
        const tag = this.#db.sql('SELECT name FROM tags WHERE repository = ? AND digest = ?').get(repository.id, digest)
        if (tag) throw new StrakeError('conflict', `tags of ${repository.name} are immutable: ${tag.name} is there`)
      }
      const parent = this.#db
        .sql('SELECT manifest FROM manifest_targets WHERE repository = ? AND target = ?')
        .get(repository.id, digest)
      if (parent) {
        throw new StrakeError('conflict', `it is a part of the index ${parent.manifest}: delete that first`)
      }
      const done = this.#db.sql('DELETE FROM manifests WHERE repository = ? AND digest = ?').run(repository.id, digest)
      if (Number(done.changes) === 0) throw new StrakeError('not_found', `no such manifest: ${digest}`)
    })
  }

  async removeTag(repository: Repository, tag: string): Promise<void> {
    if (repository.immutable) throw new StrakeError('conflict', `tags of ${repository.name} are immutable`)
    const done = this.#db.sql('DELETE FROM tags WHERE repository = ? AND name = ?').run(repository.id, tag)
    if (Number(done.changes) === 0) throw new StrakeError('not_found', `no such tag: ${tag}`)
  }

  async tag(repository: Repository, name: string): Promise<Tag | undefined> {
    const row = this.#db.sql('SELECT * FROM tags WHERE repository = ? AND name = ?').get(repository.id, name)
    return row && tagOf(row)
  }

  async tags(repository: Repository, { after = '', limit = -1 }: Page = {}): Promise<Tag[]> {
    return this.#db
      .sql('SELECT * FROM tags WHERE repository = ? AND name > ? ORDER BY name LIMIT ?')
      .all(repository.id, after, limit)
      .map(tagOf)
  }

  async newestTags(repository: Repository, limit: number): Promise<string[]> {
    return this.#db
      .sql('SELECT name FROM tags WHERE repository = ? ORDER BY pushed_at DESC, name LIMIT ?')
      .all(repository.id, limit)
      .map(({ name }) => name as string)
  }

  async touchTag(repository: Repository, name: string, at = Date.now()): Promise<void> {
    this.#db.note('UPDATE tags SET checked_at = ? WHERE repository = ? AND name = ?', at, repository.id, name)
  }

  async referrers(repository: Repository, subject: Digest): Promise<Descriptor[]> {
    return this.#db
      .sql(
        `SELECT digest, media_type, length(content) AS size, artifact_type, annotations FROM manifests
        WHERE repository = ? AND subject = ? ORDER BY digest`,
      )
      .all(repository.id, subject)
      .map((row) => ({
        mediaType: row.media_type as string,
        digest: row.digest as Digest,
        size: row.size as number,
        ...(row.artifact_type !== null && { artifactType: row.artifact_type as string }),
        ...(row.annotations !== null && { annotations: JSON.parse(row.annotations as string) }),
      }))
  }

  async prune(now: number): Promise<string[]> {
    return pruneTags(this.#db, now)
  }

  async sweep(before: number): Promise<Swept> {
    return sweep(this.#db, before)
  }

  async strayKeys(keys: readonly string[]): Promise<string[]> {
    const known = this.#db.sql('SELECT 1 FROM blobs WHERE key = ?')
    return keys.filter((key) => !known.get(key))
  }

  async totals(): Promise<{ readonly repositories: number; readonly blobs: number; readonly bytes: number }> {
    const row = this.#db
      .sql(
        `SELECT (SELECT count(*) FROM repositories) AS repositories, count(*) AS blobs, coalesce(sum(size), 0) AS bytes
        FROM blobs`,
      )
      .get()!
    return { repositories: row.repositories as number, blobs: row.blobs as number, bytes: row.bytes as number }
  }

  #link(repository: Repository, digest: Digest): void {
    const linked = this.#db
      .sql(
        `INSERT INTO repository_blobs VALUES (?, ?, ?)
        ON CONFLICT (repository, digest) DO UPDATE SET linked_at = excluded.linked_at`,
      )
      .run(repository.id, digest, Date.now())
    const quota = this.#quota(repository)
    if (quota !== undefined && Number(linked.changes) > 0 && this.#usage(repository.namespace) > quota) {
      throw quotaError(repository.namespace, quota)
    }
  }

  #quota(repository: Repository): number | undefined {
    const row = this.#db.sql('SELECT quota FROM namespaces WHERE name = ?').get(repository.namespace)
    return (row?.quota ?? undefined) as number | undefined
  }

  #usage(namespace: string): number {
    return this.#db
      .sql(
        `SELECT coalesce((SELECT sum(size) FROM blobs WHERE digest IN (
            SELECT digest FROM repository_blobs JOIN repositories ON id = repository WHERE namespace = $namespace)), 0)
          + coalesce((SELECT sum(length(content)) FROM manifests JOIN repositories ON id = repository
            WHERE namespace = $namespace), 0) AS bytes`,
      )
      .get({ $namespace: namespace })!.bytes as number
  }

  #needed(repository: Repository, target: Digest): boolean {
    const sql = 'SELECT 1 FROM manifest_targets WHERE repository = ? AND target = ?'
    return this.#db.sql(sql).get(repository.id, target) !== undefined
  }

  #missing({ id }: Repository, { blobs, manifests }: NewManifest): ManifestRefusal | undefined {
    const blob = this.#db.sql(
      'SELECT size FROM repository_blobs JOIN blobs USING (digest) WHERE repository = ? AND digest = ?',
    )
    const manifest = this.#db.sql('SELECT length(content) AS size FROM manifests WHERE repository = ? AND digest = ?')
    for (const [statement, targets] of [
      [blob, blobs],
      [manifest, manifests],
    ] as const) {
      for (const target of targets) {
        const size = statement.get(id, target.digest)?.size as number | undefined
        if (size === undefined) return { kind: 'missing', target }
        if (size !== target.size) return { kind: 'size', target, size }
      }
    }
    return undefined
  }

  #held({ id }: Repository, { digest }: NewManifest, tag: string | undefined): ManifestRefusal | undefined {
    if (tag === undefined) return undefined
    const row = this.#db
      .sql(
        `SELECT tags.digest FROM tags JOIN repositories ON id = repository
        WHERE repository = ? AND tags.name = ? AND immutable`,
      )
      .get(id, tag)
    return row && row.digest !== digest ? { kind: 'immutable' } : undefined
  }
}

function tagOf(row: Row): Tag {
  return {
    name: row.name as string,
    digest: row.digest as Digest,
    pushedAt: row.pushed_at as number,
    checkedAt: row.checked_at as number,
  }
}
