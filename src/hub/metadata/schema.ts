import type { DatabaseSync } from 'node:sqlite'
import { StrakeError } from '../../lib/mod.ts'

/**
 * The steps from one version of the schema to the next. A step that was ever released is never edited; a change is one more.
 * Times are milliseconds since the epoch, sizes bytes.
 */
const steps: readonly string[] = [
  `
  -- What stands before the first slash of a repository's name. A mirror's repositories are copies of those of its upstream.
  CREATE TABLE namespaces (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'organisation', 'mirror')),
    quota INTEGER,
    upstream TEXT,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE users (
    name TEXT PRIMARY KEY REFERENCES namespaces ON DELETE CASCADE,
    password TEXT NOT NULL,
    admin INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE members (
    organisation TEXT NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    user TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'writer', 'reader')),
    PRIMARY KEY (organisation, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX members_by_user ON members (user);

  -- Access tokens, logins of clients (what docker calls identity tokens) and sessions of the web page: all are secrets that
  -- stand for a user, and of all only the hash is kept. repositories is a list of patterns as JSON.
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('access', 'login', 'session')),
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'delete')),
    repositories TEXT,
    parent TEXT REFERENCES tokens ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_by_user ON tokens (user);
  CREATE INDEX tokens_by_parent ON tokens (parent) WHERE parent IS NOT NULL;

  CREATE TABLE repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    namespace TEXT NOT NULL REFERENCES namespaces,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
    description TEXT NOT NULL DEFAULT '',
    readme TEXT NOT NULL DEFAULT '',
    immutable INTEGER NOT NULL DEFAULT 0,
    retention TEXT NOT NULL DEFAULT '{}',
    pulls INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX repositories_by_namespace ON repositories (namespace);

  -- Bytes in the blob store. key is where: it is never used twice, so that bytes whose row is gone can be removed at leisure.
  CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- Who may read a blob's bytes where: those that were pushed or mounted there.
  CREATE TABLE repository_blobs (
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest);

  CREATE TABLE manifests (
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    subject TEXT,
    artifact_type TEXT,
    annotations TEXT,
    pushed_at INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
  ) STRICT;
  CREATE INDEX manifests_by_subject ON manifests (repository, subject) WHERE subject IS NOT NULL;
  -- What a manifest needs: blobs, or other manifests, of the same repository.
  CREATE TABLE manifest_targets (
    repository INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (repository, manifest, target),
    FOREIGN KEY (repository, manifest) REFERENCES manifests ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX manifest_targets_by_target ON manifest_targets (repository, target);
  CREATE TABLE tags (
    repository INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    pushed_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    PRIMARY KEY (repository, name),
    FOREIGN KEY (repository, digest) REFERENCES manifests ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tags_by_digest ON tags (repository, digest);

  INSERT INTO namespaces (name, kind, created_at) VALUES ('library', 'organisation', unixepoch() * 1000);
  `,
]

/** Brings a database to the version of this program. Two processes may do it at once. */
export function upgrade(db: DatabaseSync): void {
  const version = () => Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (version() === steps.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    const from = version()
    if (from > steps.length) {
      throw new StrakeError('unsupported', 'the data folder was written by a newer Strake', {
        hint: 'Use that version or a newer one for this folder.',
      })
    }
    for (const step of steps.slice(from)) db.exec(step)
    db.exec(`PRAGMA user_version = ${steps.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
