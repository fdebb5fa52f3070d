import { join } from 'node:path'
import { StrakeError } from '../lib/mod.ts'
import { type Digest, hex, isDigest } from '../oci/mod.ts'
import type { SnapshotId } from './types.ts'

/** What stands in a store's root, besides the database. */
export const directories = [
  ...[
    'blobs',
    'blobs/sha256',
    'ingest',
    'snapshots',
    'containers',
    'volumes',
    'cache-mounts',
    'cache',
    'builds',
    'trash',
  ],
]

/** Throws `invalid`: digests come from outside, and this one becomes a path. */
export function blobPath(root: string, digest: Digest): string {
  if (!isDigest(digest)) throw new StrakeError('invalid', `invalid digest ${JSON.stringify(digest)}`)
  return join(root, 'blobs/sha256', hex(digest))
}

/** The directory that holds the snapshot's `fs` and `work`. */
export function snapshotPath(root: string, id: SnapshotId): string {
  return join(root, 'snapshots', String(id))
}
