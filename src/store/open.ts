import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { sys } from '../host/mod.ts'
import { errno, makeFolder, StrakeError } from '../lib/mod.ts'
import { mediaTypes } from '../oci/mod.ts'
import { check } from './check.ts'
import { collect } from './collect.ts'
import { Content } from './content.ts'
import { Database, storing, whileBusy } from './database.ts'
import { directories } from './layout.ts'
import { claim, dropVoidLeases, openLease } from './leases.ts'
import { upgrade, version } from './schema.ts'
import { Snapshots } from './snapshots.ts'
import type { Store } from './types.ts'

/**
 * Opens the store in that directory; makes both where they are not there yet.
 * Throws `denied` (not writable), `invalid` (something else is there), `unsupported` (a newer Strake made it),
 * `corrupt` and `unavailable` (no space left, locked for a minute).
 */
export function openStore(root: string): Store {
  const path = resolve(root)
  const db = storing(path, () => connect(path))
  return {
    root: path,
    db: db.handle,
    content: new Content(db),
    snapshots: new Snapshots(db),
    transaction: (body) => db.transaction(body),
    lease: (purpose) => openLease(db, purpose),
    dropVoidLeases: () => db.transaction(() => dropVoidLeases(db)),
    claim: (name, lease) => claim(db, name, lease.id),
    collect: () => collect(db),
    check: (options) => check(db, options),
    [Symbol.dispose]: () => db[Symbol.dispose](),
  }
}

function connect(root: string): Database {
  if (!existsSync(join(root, 'strake.db'))) settle(root)
  const db = new Database(root)
  try {
    const found = whileBusy(() => userVersion(db))
    if (found > version) {
      throw new StrakeError('unsupported', `the store ${root} was made by a newer Strake`, {
        hint: 'Update Strake, or name another directory in STRAKE_ROOT',
      })
    }
    if (found < version) {
      whileBusy(() => db.handle.exec('PRAGMA journal_mode = WAL'))
      db.transaction(() => furnish(db))
    }
    // A kill loses nothing; a power cut may lose the last transactions, and none of them by halves.
    db.handle.exec('PRAGMA synchronous = NORMAL')
    return db
  } catch (error) {
    db[Symbol.dispose]()
    throw error
  }
}

function userVersion(db: Database): number {
  return Number(db.handle.prepare('PRAGMA user_version').get()?.user_version)
}

/** Takes an empty directory as the store's. The database comes first: whoever sees it knows whose directory it is. */
function settle(root: string): void {
  if (root.includes(':')) {
    // conmon and crun take what stands before one for the kind of a log.
    throw new StrakeError('invalid', `the path of a store cannot have a colon: ${root}`, {
      hint: 'Name another directory in STRAKE_ROOT',
    })
  }
  if (!existsSync(root)) {
    try {
      makeFolder(root)
    } catch (error) {
      // Of /proc and its like.
      if (errno(error) !== 'ENOENT') throw error
      const hint = 'Name a directory that you may write to in STRAKE_ROOT'
      throw new StrakeError('denied', `cannot make the store ${root}: ${(error as Error).message}`, {
        hint,
        cause: error,
      })
    }
    // Others may pass through, as the root user of a user namespace must, but see nothing.
    chmodSync(root, 0o711)
  }
  const others = readdirSync(root).filter((name) => name !== 'lost+found')
  if (others.length && !others.includes('strake.db')) {
    const some = `${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''}`
    throw new StrakeError('invalid', `${root} is not a Strake store, and not empty: it holds ${some}`, {
      hint: 'Name an empty or new directory in STRAKE_ROOT',
    })
  }
  make(() => closeSync(openSync(join(root, 'strake.db'), 'wx', 0o600)))
}

/** Makes what another process may be making too. */
function make(body: () => void): void {
  try {
    body()
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error
  }
}

/** Brings directories and tables up to date, in a transaction, so that one process does it. */
function furnish(db: Database): void {
  const found = userVersion(db)
  if (found >= version) return
  for (const name of directories) {
    // Closed to other users: layers hold setuid programs of all ages.
    make(() => mkdirSync(join(db.root, name), 0o700))
  }
  if (found === 0) {
    // Without a journal, ext4 passes for a minute and more over each inode that was just deleted when it looks for a free one
    // near by: new layers would take several times longer to write where old ones were removed.
    sys.spreadDirectories(join(db.root, 'snapshots'))
    writeFileSync(join(db.root, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    writeFileSync(
      join(db.root, 'index.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }),
    )
  }
  upgrade(db, found)
}
