import { Authenticator } from './access/authenticate.ts'
import { TokenKey } from './access/jwt.ts'
import { FolderBlobs } from './blobs/folder.ts'
import type { BlobStore } from './blobs/types.ts'
import { type Accounts, SqliteAccounts } from './metadata/accounts.ts'
import type { Contents } from './metadata/contents.ts'
import { Database } from './metadata/database.ts'
import { type Repositories, SqliteRepositories } from './metadata/repositories.ts'
import { SqliteContents } from './metadata/sqlite-contents.ts'

/** A hub's data. What serves it and the commands beside it use the same ports. */
export interface HubData extends Disposable {
  readonly accounts: Accounts
  readonly repositories: Repositories
  readonly contents: Contents
  readonly blobs: BlobStore
}

/** Opens the data in a folder, and makes it where it is missing. Any number of processes may have it open. */
export function openHub(folder: string): HubData {
  const db = new Database(folder)
  return {
    accounts: new SqliteAccounts(db),
    repositories: new SqliteRepositories(db),
    contents: new SqliteContents(db),
    blobs: new FolderBlobs(folder),
    [Symbol.dispose]: () => db[Symbol.dispose](),
  }
}

/** What finds out who somebody is, and gives them tokens. */
export interface Access {
  readonly key: TokenKey
  readonly authenticator: Authenticator
}

export function openAccess(folder: string, accounts: Accounts): Access {
  const key = new TokenKey(folder)
  return { key, authenticator: new Authenticator(accounts, key) }
}
