import { StrakeError } from '../../lib/mod.ts'
import { namespaceOf } from '../names.ts'
import type { Repository, Viewer, Visibility } from '../types.ts'
import type { Database } from './database.ts'

export interface RepositoryQuery {
  readonly viewer: Viewer
  /** Only those whose name or description has this text. */
  readonly text?: string | undefined
  readonly namespace?: string | undefined
  /** Only names after this one. */
  readonly after?: string | undefined
  readonly limit: number
}

/** A repository as lists show it. */
export interface ListedRepository extends Repository {
  readonly tags: number
  /** The last push. */
  readonly pushedAt: number | undefined
}

/** Names of repositories and their settings. Each method is one step. */
export interface Repositories {
  find(name: string): Promise<Repository | undefined>
  /** Finds it, or makes it with that visibility. Throws `not_found` where the namespace is missing. */
  ensure(name: string, visibility: Visibility): Promise<Repository>
  /** In order of names; without those that have nothing in them. */
  list(query: RepositoryQuery): Promise<ListedRepository[]>
  /** Throws `not_found`. */
  set(name: string, changes: Partial<RepositorySettings>): Promise<void>
  /** Removes it with all that is in it. Throws `not_found`. */
  remove(name: string): Promise<void>
  countPulls(id: number, pulls: number): Promise<void>
}

export type RepositorySettings = Pick<Repository, 'visibility' | 'description' | 'readme' | 'immutable' | 'retention'>

type Row = Record<string, unknown>

/** Repositories in SQLite. */
export class SqliteRepositories implements Repositories {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async find(name: string): Promise<Repository | undefined> {
    const row = this.#db.sql('SELECT * FROM repositories WHERE name = ?').get(name)
    return row && repositoryOf(row)
  }

  async ensure(name: string, visibility: Visibility): Promise<Repository> {
    const find = () => this.#db.sql('SELECT * FROM repositories WHERE name = ?').get(name)
    const row =
      find() ??
      this.#db.transaction(() => {
        const namespace = namespaceOf(name)
        if (!this.#db.sql('SELECT 1 FROM namespaces WHERE name = ?').get(namespace)) {
          throw new StrakeError('not_found', `no such user or organisation: ${namespace}`)
        }
        this.#db
          .sql(
            'INSERT INTO repositories (name, namespace, visibility, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
          )
          .run(name, namespace, visibility, Date.now())
        return find()
      })
    return repositoryOf(row!)
  }

  async list({ viewer, text, namespace, after = '', limit }: RepositoryQuery): Promise<ListedRepository[]> {
    const pattern = text ? `%${text.replace(/[\\%_]/g, '\\$&')}%` : null
    return this.#db
      .sql(
        `SELECT repositories.*,
          (SELECT count(*) FROM tags WHERE repository = id) AS tags,
          (SELECT max(pushed_at) FROM manifests WHERE repository = id) AS pushed_at
        FROM repositories
        WHERE name > $after
          AND namespace = coalesce($namespace, namespace)
          AND ($pattern IS NULL OR name LIKE $pattern ESCAPE '\\' OR description LIKE $pattern ESCAPE '\\')
          AND (visibility = 'public' OR ($admin OR namespace = $user
            OR namespace IN (SELECT organisation FROM members WHERE user = $user))
            AND ($limits IS NULL OR matches_any(name, $limits)))
          AND EXISTS (SELECT 1 FROM manifests WHERE repository = id)
        ORDER BY name LIMIT $limit`,
      )
      .all({
        $after: after,
        $namespace: namespace ?? null,
        $pattern: pattern,
        $admin: Number(viewer.admin),
        $user: viewer.user ?? null,
        $limits: viewer.repositories ? JSON.stringify(viewer.repositories) : null,
        $limit: limit,
      })
      .map((row) => ({
        ...repositoryOf(row),
        tags: row.tags as number,
        pushedAt: (row.pushed_at ?? undefined) as number | undefined,
      }))
  }

  async set(name: string, changes: Partial<RepositorySettings>): Promise<void> {
    const { visibility, description, readme, immutable, retention } = changes
    const done = this.#db
      .sql(
        `UPDATE repositories SET visibility = coalesce(?, visibility), description = coalesce(?, description),
          readme = coalesce(?, readme), immutable = coalesce(?, immutable), retention = coalesce(?, retention)
        WHERE name = ?`,
      )
      .run(
        visibility ?? null,
        description ?? null,
        readme ?? null,
        immutable === undefined ? null : Number(immutable),
        retention === undefined ? null : JSON.stringify(retention),
        name,
      )
    if (Number(done.changes) === 0) throw new StrakeError('not_found', `no such repository: ${name}`)
  }

  async remove(name: string): Promise<void> {
    const done = this.#db.sql('DELETE FROM repositories WHERE name = ?').run(name)
    if (Number(done.changes) === 0) throw new StrakeError('not_found', `no such repository: ${name}`)
  }

  async countPulls(id: number, pulls: number): Promise<void> {
    this.#db.note('UPDATE repositories SET pulls = pulls + ? WHERE id = ?', pulls, id)
  }
}

function repositoryOf(row: Row): Repository {
  return {
    id: row.id as number,
    name: row.name as string,
    namespace: row.namespace as string,
    visibility: row.visibility as Visibility,
    description: row.description as string,
    readme: row.readme as string,
    immutable: row.immutable === 1,
    retention: JSON.parse(row.retention as string),
    pulls: row.pulls as number,
    createdAt: row.created_at as number,
  }
}
