import type { Descriptor, Digest } from '../oci/mod.ts'
import type { SnapshotId } from '../store/mod.ts'
import type { Image } from './types.ts'

/** A row of `selectImages`. */
export interface ImageRow {
  readonly id: Digest
  readonly manifest: string
  readonly snapshot: SnapshotId | null
  readonly size: number
  readonly created_at: number
  readonly architecture: string
  readonly os: string
  /** JSON arrays. */
  readonly names: string
  readonly digests: string
  readonly is_member: number
}

/** All that `Image` has; a condition follows. */
export const selectImages = `
  SELECT id, manifest, snapshot, size, created_at, architecture, os,
    (SELECT json_group_array(name) FROM (SELECT name FROM image_names WHERE image = images.id ORDER BY name)) AS names,
    (SELECT json_group_array(name) FROM (SELECT name FROM image_digests WHERE image = images.id ORDER BY name)) AS digests,
    EXISTS (SELECT 1 FROM index_images JOIN image_names USING (index_digest) WHERE index_images.image = images.id) AS is_member
  FROM images`

export function toImage(row: ImageRow): Image {
  return {
    id: row.id,
    manifest: JSON.parse(row.manifest) as Descriptor,
    names: JSON.parse(row.names) as string[],
    digests: JSON.parse(row.digests) as string[],
    snapshot: row.snapshot ?? undefined,
    size: row.size,
    createdAt: row.created_at,
    architecture: row.architecture,
    os: row.os,
    isMember: row.is_member === 1,
  }
}
