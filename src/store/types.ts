import type { DatabaseSync } from 'node:sqlite'
import type { Readable } from 'node:stream'
import type { ChainId, DiffId, Digest } from '../oci/mod.ts'

/**
 * Everything that Strake keeps, below one directory:
 *
 * ```
 * strake.db            SQLite, WAL: all metadata (schema.ts)
 * oci-layout index.json blobs/sha256/…   content, an OCI image layout
 * ingest/              blobs being written
 * snapshots/ID/fs      the layer's own files, as an overlayfs layer; snapshots/ID/work while it is active;
 *                      snapshots/ID/files, if there, is what later layers go by to share files (layers/reuse.ts)
 * containers/ID/       bundle, log, state of a container
 * volumes/NAME/_data
 * cache-mounts/ID/fs   what RUN --mount=type=cache keeps
 * builds/ID/          logs of a build's steps
 * trash/               what is being removed
 * cache/               stat caches, downloads that broke off, and other things that may be lost
 * manifests/           lists of manifests that are being put together (manifest create)
 * ```
 *
 * Any number of processes may have it open. What a process makes is held by its lease until something lasting (an image,
 * a cache record, a container) refers to it; when the process is gone, however it went, the next collection takes the rest.
 */
export interface Store extends Disposable {
  readonly root: string
  readonly db: DatabaseSync
  readonly content: ContentStore
  readonly snapshots: Snapshotter
  /** Runs `body` in one write transaction (BEGIN IMMEDIATE), waiting for other writers. `body` must not await. A nested call joins. */
  transaction<T>(body: () => T): T
  /** Opens a lease: what is added to it is safe from collection until it is disposed or its process ends. */
  lease(purpose: string): Lease
  /** Deletes the leases of processes that have ended: what they held is held no more. */
  dropVoidLeases(): void
  /**
   * Takes work of that name for the lease, until the claim is disposed or the lease ends. Undefined while another lease has
   * it. Claims of processes that have ended are void.
   */
  claim(name: string, lease: Lease): Disposable | undefined
  /**
   * Removes what nothing refers to: blobs, snapshots, unfinished work of processes that are gone. Other processes may do
   * anything meanwhile. Not inside a transaction.
   */
  collect(): Collected
  /** Looks for damage, and repairs nothing; with `content`, also hashes all blobs. What collection takes is no damage. */
  check(options?: { readonly content?: boolean }): readonly Finding[]
}

export interface Lease extends Disposable {
  readonly id: number
  /** Throws `not_found` when it is not here (any more). */
  add(resource: { readonly blob: Digest } | { readonly snapshot: SnapshotId }): void
}

export interface Collected {
  readonly blobs: number
  readonly snapshots: number
  /** Bytes freed. */
  readonly bytes: number
}

export interface Finding {
  readonly what: string
  /** What to do about it. */
  readonly fix: string
}

export type Compression = 'none' | 'gzip' | 'zstd'

export interface BlobInfo {
  readonly digest: Digest
  readonly size: number
  /** For a layer: the hash of the uncompressed tar, and how the blob is compressed. */
  readonly diffId?: DiffId
  readonly compression?: Compression
}

/** Content-addressed blobs. */
export interface ContentStore {
  /** Undefined when it is not here. */
  info(digest: Digest): BlobInfo | undefined
  /** The path of the blob's file. Throws `not_found`. */
  path(digest: Digest): string
  /** A descriptor of its file, to read it. Whoever asks closes it. Throws `not_found`. */
  reader(digest: Digest): number
  /** The bytes from `start` to `end`, inclusive, as `fs.createReadStream` counts. Throws `not_found`. */
  open(digest: Digest, range?: { readonly start?: number; readonly end?: number }): Readable
  /**
   * The whole of a small blob. Throws `not_found`, and `corrupt` when it is not as long as it was. Its hash was checked when
   * it came in, and `check` does so again; taking it at every read would cost the quick commands a tenth of their time.
   */
  read(digest: Digest): Buffer
  /** Stores a small blob. */
  put(bytes: string | Uint8Array, lease: Lease): BlobInfo
  /** Starts to write a blob. It is visible to nobody before `commit`; disposing it before that drops it. */
  ingest(lease: Lease): Ingest
  /** Notes what the blob is as a layer. */
  describe(digest: Digest, layer: { readonly diffId: DiffId; readonly compression: Compression }): void
  /** Some blob that holds the layer, if one is here; a compressed one rather than another. */
  byDiffId(diffId: DiffId): BlobInfo | undefined
  /** Drops the blob, if it is here. Throws `conflict` when an image or another process holds it. */
  delete(digest: Digest): void
  walk(): Iterable<BlobInfo>
}

export interface Ingest extends Disposable {
  write(chunk: Uint8Array): void
  readonly size: number
  /** A descriptor of what is written, to read while it grows and after the commit. Whoever asks closes it. */
  reader(): number
  /** Moves what is written to that path instead, replacing what is there. */
  moveTo(path: string): void
  /** Makes it a blob. Throws `corrupt` when size or digest are not the expected ones; nothing is kept then. */
  commit(expected?: { readonly digest?: Digest; readonly size?: number }): BlobInfo
}

declare const snapshot: unique symbol
export type SnapshotId = number & { readonly [snapshot]: true }

export interface Snapshot {
  readonly id: SnapshotId
  readonly parent: SnapshotId | undefined
  readonly state: 'active' | 'committed'
  /** Set once the layer's tar has been hashed. */
  readonly layer: LayerInfo | undefined
  readonly chainId: ChainId | undefined
  readonly sharing: Sharing | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** Files of a layer that are those of an older layer, and take no space of their own. */
export interface Sharing {
  readonly with: SnapshotId
  readonly bytes: number
  /** The layer's directory lies over that of the older one, and only holds what is different. Otherwise files have two names. */
  readonly over?: boolean
}

export interface LayerInfo {
  readonly diffId: DiffId
  /** Bytes of the uncompressed tar. */
  readonly tarSize: number
  /** Bytes of the files in the layer: what docker shows as its size. */
  readonly size: number
}

/** A snapshot is one layer's directory on top of a parent snapshot. Its directory is `fs`, in overlayfs' own format. */
export interface Snapshotter {
  /**
   * A new, empty, writable snapshot on top of a committed one, of one that the same lease is still making, or of nothing.
   * The lease holds it.
   */
  prepare(parent: SnapshotId | undefined, lease: Lease): ActiveSnapshot
  /**
   * Makes it read-only for ever; its parent must be that already. Its layer's hash may be added later. `createdAt` is kept
   * instead of when it was prepared.
   */
  commit(id: SnapshotId, layer?: LayerInfo, createdAt?: number): void
  /** Notes what takes no space of its own in it. A layer that another one lies over stays as long as that one. */
  share(id: SnapshotId, sharing: Sharing): void
  /** Adds the hash of a committed snapshot's layer. Its parent must have one already. */
  describe(id: SnapshotId, layer: LayerInfo): void
  /** Throws `not_found`. */
  get(id: SnapshotId): Snapshot
  /** A committed snapshot with that stack of layers, now held by the lease. */
  byChain(chainId: ChainId, lease: Lease): Snapshot | undefined
  /** The layer's own directory. */
  dir(id: SnapshotId): string
  /** All directories of the layer, the topmost first: its own, and the one that it lies over. */
  dirs(id: SnapshotId): string[]
  /** The directories of the snapshot and all below it, the topmost first: overlayfs' `lowerdir`. */
  stack(id: SnapshotId | undefined): string[]
  /** The snapshot and all below it, the topmost first. */
  ancestry(id: SnapshotId | undefined): Snapshot[]
  /** Drops an active snapshot and its files. Throws `conflict` while a container or an image refers to it. */
  discard(id: SnapshotId): void
  walk(): Iterable<Snapshot>
}

export interface ActiveSnapshot {
  readonly id: SnapshotId
  /** The upper directory. */
  readonly dir: string
  /** overlayfs' work directory. */
  readonly work: string
}
