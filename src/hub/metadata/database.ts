import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { errno, makeFolder, StrakeError } from '../../lib/mod.ts'
import { matchesPattern } from '../names.ts'
import { upgrade } from './schema.ts'

const sqlite = { busy: 5, readonly: 8, corrupt: 11, full: 13, cantOpen: 14, notDatabase: 26 } as const

/** One connection to the hub's database. Any number of processes may have one: the server, and commands beside it. */
export class Database implements Disposable {
  readonly #handle: DatabaseSync
  readonly #folder: string
  readonly #statements = new Map<string, Statement>()
  #inTransaction = false

  /** Opens `FOLDER/hub.db`, and makes it where it is missing. */
  constructor(folder: string) {
    this.#folder = folder
    try {
      makeFolder(folder, 0o700)
      this.#handle = new DatabaseSync(join(folder, 'hub.db'), { timeout: 10_000 })
      // An acknowledged push must outlive a power cut: every commit is synced.
      this.#handle.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
      // Not GLOB, which takes its time over patterns that are made for that.
      this.#handle.function('matches_any', { deterministic: true }, (name, patterns) =>
        Number((JSON.parse(String(patterns)) as string[]).some((pattern) => matchesPattern(String(name), pattern))),
      )
      upgrade(this.#handle)
    } catch (error) {
      throw databaseError(folder, error)
    }
  }

  /** The statement, prepared once. */
  sql(text: string): Statement {
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = new Statement(this.#handle.prepare(text), this.#folder)
      this.#statements.set(text, statement)
    }
    return statement
  }

  /** Writes what is good to know and may be lost: a full disk is no reason to refuse what only reads. */
  note(text: string, ...values: readonly SQLInputValue[]): void {
    try {
      this.sql(text).run(...values)
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code !== 'unavailable') throw error
    }
  }

  /** Runs `body` in a write transaction, or as a part of the one under way. What throws undoes all of it. */
  transaction<T>(body: () => T): T {
    if (this.#inTransaction) return body()
    try {
      this.#handle.exec('BEGIN IMMEDIATE')
      this.#inTransaction = true
      const result = body()
      this.#handle.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#handle.isTransaction) this.#handle.exec('ROLLBACK')
      throw databaseError(this.#folder, error)
    } finally {
      this.#inTransaction = false
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    if (this.#handle.isOpen) this.#handle.close()
  }
}

type Values = readonly SQLInputValue[] | readonly [Record<string, SQLInputValue>]
type Row = Record<string, SQLOutputValue>

/** A prepared statement whose failures are told as what they mean. */
class Statement {
  readonly #statement: StatementSync
  readonly #folder: string

  constructor(statement: StatementSync, folder: string) {
    this.#statement = statement
    this.#folder = folder
  }

  get(...values: Values): Row | undefined {
    return this.#told(() => this.#statement.get(...(values as SQLInputValue[])))
  }

  all(...values: Values): Row[] {
    return this.#told(() => this.#statement.all(...(values as SQLInputValue[])))
  }

  run(...values: Values): { readonly changes: number | bigint } {
    return this.#told(() => this.#statement.run(...(values as SQLInputValue[])))
  }

  #told<T>(body: () => T): T {
    try {
      return body()
    } catch (error) {
      throw databaseError(this.#folder, error)
    }
  }
}

/** What a failure of SQLite or of the disk means to a person. Other errors stay as they are. */
function databaseError(folder: string, cause: unknown): unknown {
  const name = errno(cause)
  const code = name === 'ERR_SQLITE_ERROR' ? (cause as { errcode: number }).errcode & 0xff : undefined
  if (code === sqlite.full || name === 'ENOSPC') {
    return new StrakeError('unavailable', `no space is left for the hub's data in ${folder}`, { cause })
  }
  if (code === sqlite.busy) {
    const hint = 'Another process keeps it locked. See: fuser -v hub.db'
    return new StrakeError('unavailable', `the hub's database in ${folder} is locked`, { hint, cause })
  }
  if (code === sqlite.corrupt || code === sqlite.notDatabase) {
    const hint = 'Put a backup of the folder in its place.'
    return new StrakeError('corrupt', `the hub's database in ${folder} is damaged`, { hint, cause })
  }
  if (
    code === sqlite.cantOpen ||
    code === sqlite.readonly ||
    name === 'EACCES' ||
    name === 'EPERM' ||
    name === 'EROFS' ||
    // Of /proc and its like.
    name === 'ENOENT'
  ) {
    const hint = 'Name a folder that you may write to with --data, or use the rights of its owner'
    return new StrakeError('denied', `cannot write to the hub's data in ${folder}`, { hint, cause })
  }
  if (name === 'ENOTDIR' || name === 'EEXIST') {
    return new StrakeError('invalid', `the hub's data folder ${folder} is not a directory, or not in one`, { cause })
  }
  return cause
}
