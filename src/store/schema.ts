import type { Database } from './database.ts'

/**
 * The steps from one version of the schema to the next: `PRAGMA user_version` counts those that a database has behind it.
 * A step that was ever released is never edited; a change is one more step.
 *
 * Times are milliseconds since the epoch, sizes are bytes. A foreign key is there where a lost row would be damage, so that
 * SQLite refuses what collection would have to repair.
 */
const steps: readonly string[] = [
  `
  -- Files in blobs/sha256. diff_id and compression are known of layers only.
  CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    diff_id TEXT,
    compression TEXT CHECK (compression IN ('none', 'gzip', 'zstd')),
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX blobs_by_diff_id ON blobs (diff_id) WHERE diff_id IS NOT NULL;

  -- Directories in snapshots/. A parent is always older than its children: there are no cycles. Ids are never used twice.
  CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER REFERENCES snapshots CHECK (parent < id),
    state TEXT NOT NULL CHECK (state IN ('active', 'committed')),
    diff_id TEXT,
    chain_id TEXT,
    tar_size INTEGER,
    size INTEGER,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX snapshots_by_parent ON snapshots (parent) WHERE parent IS NOT NULL;
  CREATE INDEX snapshots_by_chain_id ON snapshots (chain_id) WHERE chain_id IS NOT NULL;

  -- What processes hold while nothing lasting refers to it yet. owner: see leases.ts.
  CREATE TABLE leases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    purpose TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE lease_blobs (
    lease INTEGER NOT NULL REFERENCES leases ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs ON DELETE CASCADE,
    PRIMARY KEY (lease, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lease_blobs_by_digest ON lease_blobs (digest);
  CREATE TABLE lease_snapshots (
    lease INTEGER NOT NULL REFERENCES leases ON DELETE CASCADE,
    snapshot INTEGER NOT NULL REFERENCES snapshots ON DELETE CASCADE,
    PRIMARY KEY (lease, snapshot)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lease_snapshots_by_snapshot ON lease_snapshots (snapshot);

  -- id is the digest of the configuration, manifest a descriptor as JSON, snapshot the topmost layer.
  CREATE TABLE images (
    id TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    snapshot INTEGER REFERENCES snapshots,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    architecture TEXT NOT NULL,
    os TEXT NOT NULL,
    added_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX images_by_snapshot ON images (snapshot);
  CREATE TABLE image_names (
    name TEXT PRIMARY KEY,
    image TEXT NOT NULL REFERENCES images ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_names_by_image ON image_names (image);
  CREATE TABLE image_digests (
    name TEXT NOT NULL,
    image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    PRIMARY KEY (name, image)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_digests_by_image ON image_digests (image);
  -- The blobs that an image keeps: configuration, manifest, and layers that are kept as they came.
  CREATE TABLE image_blobs (
    image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs,
    PRIMARY KEY (image, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_blobs_by_digest ON image_blobs (digest);

  -- Records of the build cache: what an operation on certain inputs gave.
  CREATE TABLE cache (
    key TEXT PRIMARY KEY,
    operation TEXT NOT NULL,
    snapshot INTEGER REFERENCES snapshots,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cache_by_operation ON cache (operation);
  CREATE INDEX cache_by_snapshot ON cache (snapshot) WHERE snapshot IS NOT NULL;

  -- snapshot is the container's own, writable one; config and state are JSON. The image may be gone (rmi --force).
  CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    image TEXT,
    snapshot INTEGER REFERENCES snapshots,
    created_at INTEGER NOT NULL,
    config TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX containers_by_snapshot ON containers (snapshot);

  -- Addresses that are given out. ports is JSON.
  CREATE TABLE endpoints (
    owner TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    ports TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, network),
    UNIQUE (network, address)
  ) STRICT, WITHOUT ROWID;

  -- Directories volumes/NAME/_data. labels is JSON.
  CREATE TABLE volumes (
    name TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    labels TEXT NOT NULL DEFAULT '{}'
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Directories cache-mounts/ID: what RUN --mount=type=cache keeps. key tells which mounts are the same one; several rows of
  -- a key are there where a private one was in use. Ids are never used twice.
  CREATE TABLE cache_mounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX cache_mounts_by_key ON cache_mounts (key);
  -- Steps that have one mounted now.
  CREATE TABLE cache_mount_users (
    id INTEGER PRIMARY KEY,
    cache_mount INTEGER NOT NULL REFERENCES cache_mounts ON DELETE CASCADE,
    lease INTEGER NOT NULL REFERENCES leases ON DELETE CASCADE,
    exclusive INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX cache_mount_users_by_cache_mount ON cache_mount_users (cache_mount);
  CREATE INDEX cache_mount_users_by_lease ON cache_mount_users (lease);
  `,
  `
  -- What went into each step that was done, by definition key. inputs are the definition keys of what it builds on, as JSON,
  -- the first of them the root that it changes; account is JSON too (build/records/account.ts); files is the digest
  -- of its list of files, cache/files/HEX. A row outlives its record in cache, to tell that the record was pruned.
  CREATE TABLE steps (
    key TEXT PRIMARY KEY,
    operation TEXT NOT NULL,
    parent TEXT NOT NULL,
    inputs TEXT NOT NULL,
    text TEXT NOT NULL,
    project TEXT NOT NULL,
    account TEXT NOT NULL,
    files TEXT,
    done_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX steps_by_operation ON steps (operation);
  CREATE INDEX steps_by_parent ON steps (parent);
  CREATE INDEX steps_by_text ON steps (text);
  CREATE INDEX steps_by_project ON steps (project);

  -- Builds, for people; builds/ID holds their logs. record is JSON (build/records/types.ts); ended_at is NULL while it
  -- runs, and for ever when its process was killed. owner: see leases.ts.
  CREATE TABLE builds (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    owner TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    log_bytes INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX builds_by_start ON builds (started_at);

  -- Work that a process does at the moment, so that no other does the same.
  CREATE TABLE claims (
    name TEXT PRIMARY KEY,
    lease INTEGER NOT NULL REFERENCES leases ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claims_by_lease ON claims (lease);
  `,
  `
  -- OCI image indexes that names stand for; the name's image is then that for this machine. manifest is a descriptor as JSON.
  -- One without a name goes with the next collection.
  CREATE TABLE indexes (
    digest TEXT PRIMARY KEY,
    manifest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- The images of the store that an index names, by the digest of the manifest that it names them by.
  CREATE TABLE index_images (
    index_digest TEXT NOT NULL REFERENCES indexes ON DELETE CASCADE,
    manifest TEXT NOT NULL,
    image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    PRIMARY KEY (index_digest, manifest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX index_images_by_image ON index_images (image);
  -- The blobs that an index keeps: itself, and as much as is here of what it names.
  CREATE TABLE index_blobs (
    index_digest TEXT NOT NULL REFERENCES indexes ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs,
    PRIMARY KEY (index_digest, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX index_blobs_by_digest ON index_blobs (digest);
  ALTER TABLE image_names ADD COLUMN index_digest TEXT REFERENCES indexes;
  CREATE INDEX image_names_by_index ON image_names (index_digest) WHERE index_digest IS NOT NULL;
  `,
  `
  -- How many bytes of a layer's files are other names of files of an older layer, and of which one: they take no space of their
  -- own. shared is NULL until it has been counted, after the layer of which that was known is gone.
  ALTER TABLE snapshots ADD COLUMN shares_with INTEGER;
  ALTER TABLE snapshots ADD COLUMN shared INTEGER;
  CREATE INDEX snapshots_by_shares_with ON snapshots (shares_with) WHERE shares_with IS NOT NULL;
  -- Bytes of the files, and when they were counted.
  ALTER TABLE cache_mounts ADD COLUMN size INTEGER;
  ALTER TABLE cache_mounts ADD COLUMN measured_at INTEGER;
  `,
  `
  -- The finished layer that the directory of this one lies over: it only holds what is different.
  ALTER TABLE snapshots ADD COLUMN lies_over INTEGER REFERENCES snapshots CHECK (lies_over < id);
  CREATE INDEX snapshots_by_lies_over ON snapshots (lies_over) WHERE lies_over IS NOT NULL;
  `,
]

/** The version that this Strake reads and writes. */
export const version = steps.length

/** Runs the steps that the database lacks, in the caller's transaction. */
export function upgrade(db: Database, from: number): void {
  for (const step of steps.slice(from)) db.handle.exec(step)
  db.handle.exec(`PRAGMA user_version = ${version}`)
}
