import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { errno, StrakeError } from '../lib/mod.ts'

/** How long a writer waits for other writers. Transactions take milliseconds: who waits that long waits for a stopped process. */
const patience = 60_000

/** SQLite's result codes (sqlite.org/rescode.html). */
const sqlite = {
  busy: 5,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notDatabase: 26,
  foreignKey: 787,
} as const

/** One connection to the store's database, in WAL mode. */
export class Database implements Disposable {
  readonly root: string
  readonly handle: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #inTransaction = false
  #afterCommit: (() => void)[] = []

  /**
   * Never open the file by other means in this process while it is connected: closing any descriptor of it would drop
   * SQLite's POSIX locks (sqlite.org/howtocorrupt.html, 2.2).
   */
  constructor(root: string) {
    this.root = root
    this.handle = new DatabaseSync(join(root, 'strake.db'), { timeout: patience })
  }

  /** The statement, prepared once. It must not be iterated lazily, since another call may run it meanwhile. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = this.handle.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }

  /**
   * Runs `body` in a write transaction, or as a part of the one under way. What throws out of the outermost undoes all of it.
   */
  transaction<T>(body: () => T): T {
    if (this.#inTransaction) return body()
    let result: T
    try {
      whileBusy(() => this.handle.exec('BEGIN IMMEDIATE'))
      this.#inTransaction = true
      result = body()
      if (result instanceof Promise) throw new StrakeError('internal', 'a transaction must not be asynchronous')
      this.handle.exec('COMMIT')
    } catch (error) {
      this.#afterCommit = []
      // A full disk makes SQLite roll back by itself.
      if (this.handle.isOpen && this.handle.isTransaction) this.handle.exec('ROLLBACK')
      throw sqliteCode(error) === undefined ? error : storageError(this.root, error)
    } finally {
      this.#inTransaction = false
    }
    const after = this.#afterCommit
    this.#afterCommit = []
    for (const run of after) run()
    return result
  }

  get inTransaction(): boolean {
    return this.#inTransaction
  }

  /** Runs `then` when the transaction under way has been written, and not if it is undone. Outside of one: at once. */
  afterCommit(then: () => void): void {
    if (this.#inTransaction) this.#afterCommit.push(then)
    else then()
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    if (this.handle.isOpen) this.handle.close()
  }
}

/**
 * Repeats what SQLite refuses as busy. Its own timeout covers most waits, but not those where it sees a deadlock coming
 * or where another process changes the journal mode.
 */
export function whileBusy<T>(body: () => T): T {
  const deadline = Date.now() + patience
  for (;;) {
    try {
      return body()
    } catch (error) {
      if (sqliteCode(error) !== sqlite.busy || Date.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20)
    }
  }
}

/** SQLite's primary result code, or undefined for other errors. */
function sqliteCode(error: unknown): number | undefined {
  return errno(error) === 'ERR_SQLITE_ERROR' ? (error as unknown as { errcode: number }).errcode & 0xff : undefined
}

export function isForeignKeyError(error: unknown): boolean {
  return errno(error) === 'ERR_SQLITE_ERROR' && (error as unknown as { errcode: number }).errcode === sqlite.foreignKey
}

export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === sqlite.corrupt || code === sqlite.notDatabase
}

/** Runs `body`, which writes files of the store. */
export function storing<T>(root: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw storageError(root, error)
  }
}

/** What a failure of the disk or of SQLite means to a person. Other errors stay as they are. */
function storageError(root: string, cause: unknown): unknown {
  if (cause instanceof StrakeError) return cause
  const code = sqliteCode(cause)
  const name = errno(cause)
  if (name === 'ENOSPC' || name === 'EDQUOT' || code === sqlite.full || (code === sqlite.ioError && isFull(root))) {
    // The database itself takes a little while it is open, so that nothing of the store can be removed on a disk without a byte.
    const hint = 'Free some space there, for example with: strake system prune (which needs some kilobytes itself)'
    return new StrakeError('unavailable', `no space is left for the store ${root}`, { hint, cause })
  }
  if (
    name === 'EACCES' ||
    name === 'EPERM' ||
    name === 'EROFS' ||
    code === sqlite.readonly ||
    code === sqlite.cantOpen
  ) {
    const hint = 'Name a directory that you may write to in STRAKE_ROOT, or use the rights of its owner'
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    return new StrakeError('denied', `cannot write to the store ${root}${why}`, { hint, cause })
  }
  if (name === 'ENOTDIR' || name === 'EEXIST') {
    return new StrakeError('invalid', `the store ${root} is not a directory, or not in one`, { cause })
  }
  if (code === sqlite.busy) {
    const hint = 'Another process, perhaps a stopped one, keeps it locked. See: fuser -v strake.db'
    return new StrakeError('unavailable', `the database of the store ${root} is locked`, { hint, cause })
  }
  if (code === sqlite.ioError) {
    const hint = 'The disk may be failing: see what the kernel says in dmesg'
    return new StrakeError('unavailable', `the database of the store ${root} cannot be read or written`, {
      hint,
      cause,
    })
  }
  if (isDamage(cause)) {
    const hint = 'See what is left with: strake system check'
    return new StrakeError('corrupt', `the database of the store ${root} is damaged`, { hint, cause })
  }
  return cause
}

/** Whether there is less room than SQLite's smallest file beside the database takes (`-shm`: 32 KiB). */
function isFull(root: string): boolean {
  const { bavail, bsize } = statfsSync(root)
  return bavail * bsize < 64 << 10
}
