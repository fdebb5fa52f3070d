import { StrakeError } from '../../lib/mod.ts'
import type { Member, Namespace, Role, Token, User } from '../types.ts'
import type { Database } from './database.ts'

/** Users, organisations and what stands for users. Each method is one step: it is done wholly or not at all. */
export interface Accounts {
  /** Throws `conflict` where the name is taken, by an organisation perhaps. */
  addUser(user: Pick<User, 'name' | 'password' | 'admin'>): Promise<void>
  user(name: string): Promise<User | undefined>
  users(): Promise<User[]>
  /** Ends what was made with the old password: logins and sessions. Throws `not_found`. */
  setPassword(name: string, password: string): Promise<void>
  /** Puts another form of the same password in the place of `from`, if it still is that. */
  rehash(name: string, from: string, to: string): Promise<void>
  /** Throws `not_found`. */
  setAdmin(name: string, admin: boolean): Promise<void>

  addNamespace(namespace: Pick<Namespace, 'name' | 'kind' | 'upstream'>): Promise<void>
  namespace(name: string): Promise<Namespace | undefined>
  namespaces(): Promise<Namespace[]>
  /** Throws `not_found`. */
  setQuota(name: string, quota: number | undefined): Promise<void>
  /** Removes a user, an organisation or a mirror. Throws `conflict` while it has repositories. */
  removeNamespace(name: string): Promise<void>

  /** Without a role the user is no member any more. */
  setMember(organisation: string, user: string, role: Role | undefined): Promise<void>
  members(organisation: string): Promise<Member[]>
  role(organisation: string, user: string): Promise<Role | undefined>

  addToken(token: Token & { readonly hash: string }): Promise<void>
  /** One that has not expired. */
  tokenByHash(hash: string): Promise<Token | undefined>
  tokens(user?: string): Promise<Token[]>
  touchToken(id: string, usedAt: number): Promise<void>
  /** Throws `not_found`. With a user, only one of theirs. */
  removeToken(id: string, user?: string): Promise<void>
  removeExpired(now: number): Promise<void>
}

type Row = Record<string, unknown>

/** Accounts in SQLite. */
export class SqliteAccounts implements Accounts {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async addUser({ name, password, admin }: Pick<User, 'name' | 'password' | 'admin'>): Promise<void> {
    this.#db.transaction(() => {
      this.#insertNamespace({ name, kind: 'user', upstream: undefined })
      this.#db.sql('INSERT INTO users (name, password, admin) VALUES (?, ?, ?)').run(name, password, Number(admin))
    })
  }

  async user(name: string): Promise<User | undefined> {
    const row = this.#db.sql(`${selectUsers} WHERE users.name = ?`).get(name)
    return row && userOf(row)
  }

  async users(): Promise<User[]> {
    return this.#db.sql(`${selectUsers} ORDER BY users.name`).all().map(userOf)
  }

  async setPassword(name: string, password: string): Promise<void> {
    this.#db.transaction(() => {
      this.#needed(this.#db.sql('UPDATE users SET password = ? WHERE name = ?').run(password, name), 'user', name)
      this.#db.sql("DELETE FROM tokens WHERE user = ? AND kind <> 'access'").run(name)
    })
  }

  async rehash(name: string, from: string, to: string): Promise<void> {
    this.#db.sql('UPDATE users SET password = ? WHERE name = ? AND password = ?').run(to, name, from)
  }

  async setAdmin(name: string, admin: boolean): Promise<void> {
    this.#needed(this.#db.sql('UPDATE users SET admin = ? WHERE name = ?').run(Number(admin), name), 'user', name)
  }

  async addNamespace(namespace: Pick<Namespace, 'name' | 'kind' | 'upstream'>): Promise<void> {
    this.#db.transaction(() => this.#insertNamespace(namespace))
  }

  async namespace(name: string): Promise<Namespace | undefined> {
    const row = this.#db.sql('SELECT * FROM namespaces WHERE name = ?').get(name)
    return row && namespaceFrom(row)
  }

  async namespaces(): Promise<Namespace[]> {
    return this.#db.sql('SELECT * FROM namespaces ORDER BY name').all().map(namespaceFrom)
  }

  async setQuota(name: string, quota: number | undefined): Promise<void> {
    const done = this.#db.sql('UPDATE namespaces SET quota = ? WHERE name = ?').run(quota ?? null, name)
    this.#needed(done, 'user or organisation', name)
  }

  async removeNamespace(name: string): Promise<void> {
    this.#db.transaction(() => {
      const count = this.#db.sql('SELECT count(*) AS n FROM repositories WHERE namespace = ?').get(name)!.n as number
      if (count > 0) {
        const hint = `See them with: strake hub repo ls ${name}. Remove each with: strake hub repo rm NAME`
        throw new StrakeError('conflict', `"${name}" has ${count} repositories`, { hint })
      }
      this.#needed(this.#db.sql('DELETE FROM namespaces WHERE name = ?').run(name), 'user or organisation', name)
    })
  }

  async setMember(organisation: string, user: string, role: Role | undefined): Promise<void> {
    this.#db.transaction(() => {
      const kind = this.#db.sql('SELECT kind FROM namespaces WHERE name = ?').get(organisation)?.kind
      if (kind === undefined) throw new StrakeError('not_found', `no such organisation: ${organisation}`)
      if (kind === 'user') throw new StrakeError('invalid', `"${organisation}" is a user, not an organisation`)
      if (role === undefined) {
        const done = this.#db.sql('DELETE FROM members WHERE organisation = ? AND user = ?').run(organisation, user)
        this.#needed(done, `member of ${organisation}`, user)
        return
      }
      if (!this.#db.sql('SELECT 1 FROM users WHERE name = ?').get(user)) {
        throw new StrakeError('not_found', `no such user: ${user}`, { hint: `Add one: strake hub user add ${user}` })
      }
      this.#db
        .sql('INSERT INTO members VALUES (?, ?, ?) ON CONFLICT (organisation, user) DO UPDATE SET role = excluded.role')
        .run(organisation, user, role)
    })
  }

  async members(organisation: string): Promise<Member[]> {
    return this.#db
      .sql('SELECT user, role FROM members WHERE organisation = ? ORDER BY user')
      .all(organisation)
      .map((row) => ({ user: row.user as string, role: row.role as Role }))
  }

  async role(organisation: string, user: string): Promise<Role | undefined> {
    const row = this.#db.sql('SELECT role FROM members WHERE organisation = ? AND user = ?').get(organisation, user)
    return row?.role as Role | undefined
  }

  async addToken(token: Token & { readonly hash: string }): Promise<void> {
    this.#db
      .sql('INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        token.id,
        token.hash,
        token.user,
        token.kind,
        token.name,
        token.scope,
        token.repositories ? JSON.stringify(token.repositories) : null,
        token.parent ?? null,
        token.createdAt,
        token.usedAt ?? null,
        token.expiresAt ?? null,
      )
  }

  async tokenByHash(hash: string): Promise<Token | undefined> {
    const row = this.#db.sql('SELECT * FROM tokens WHERE hash = ?').get(hash)
    const token = row && tokenOf(row)
    return token && (token.expiresAt ?? Number.POSITIVE_INFINITY) > Date.now() ? token : undefined
  }

  async tokens(user?: string): Promise<Token[]> {
    return this.#db
      .sql('SELECT * FROM tokens WHERE user = coalesce(?, user) ORDER BY user, created_at, id')
      .all(user ?? null)
      .map(tokenOf)
  }

  async touchToken(id: string, usedAt: number): Promise<void> {
    this.#db.note('UPDATE tokens SET used_at = ? WHERE id = ?', usedAt, id)
  }

  async removeToken(id: string, user?: string): Promise<void> {
    const done = this.#db.sql('DELETE FROM tokens WHERE id = ? AND user = coalesce(?, user)').run(id, user ?? null)
    this.#needed(done, 'token', id)
  }

  async removeExpired(now: number): Promise<void> {
    this.#db.sql('DELETE FROM tokens WHERE expires_at <= ?').run(now)
  }

  #insertNamespace({ name, kind, upstream }: Pick<Namespace, 'name' | 'kind' | 'upstream'>): void {
    const taken = this.#db.sql('SELECT kind FROM namespaces WHERE name = ?').get(name)
    if (taken)
      throw new StrakeError(
        'conflict',
        `the name "${name}" is already in use by ${taken.kind === 'organisation' ? 'an organisation' : `a ${taken.kind}`}`,
      )
    this.#db
      .sql('INSERT INTO namespaces (name, kind, upstream, created_at) VALUES (?, ?, ?, ?)')
      .run(name, kind, upstream ?? null, Date.now())
  }

  #needed(done: { readonly changes: number | bigint }, what: string, name: string): void {
    if (Number(done.changes) === 0) throw new StrakeError('not_found', `no such ${what}: ${name}`)
  }
}

const selectUsers = 'SELECT users.*, namespaces.created_at FROM users JOIN namespaces USING (name)'

function userOf(row: Row): User {
  return {
    name: row.name as string,
    admin: row.admin === 1,
    password: row.password as string,
    createdAt: row.created_at as number,
  }
}

function namespaceFrom(row: Row): Namespace {
  return {
    name: row.name as string,
    kind: row.kind as Namespace['kind'],
    quota: (row.quota ?? undefined) as number | undefined,
    upstream: (row.upstream ?? undefined) as string | undefined,
    createdAt: row.created_at as number,
  }
}

function tokenOf(row: Row): Token {
  return {
    id: row.id as string,
    user: row.user as string,
    kind: row.kind as Token['kind'],
    name: row.name as string,
    scope: row.scope as Token['scope'],
    repositories: row.repositories === null ? undefined : JSON.parse(row.repositories as string),
    parent: (row.parent ?? undefined) as string | undefined,
    createdAt: row.created_at as number,
    usedAt: (row.used_at ?? undefined) as number | undefined,
    expiresAt: (row.expires_at ?? undefined) as number | undefined,
  }
}
