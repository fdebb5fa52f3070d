import type { Readable, Writable } from 'node:stream'
import type { ByteRange } from '../../registry/mod.ts'

export interface StoredUpload {
  readonly upload: string
  /** Bytes; some of those that are being received may not be counted yet. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly writtenAt: number
}

/**
 * Keeps bytes under names that others give: uploads, which grow, and blobs, which never change. It knows nothing of digests
 * and repositories. A key is used for one blob only, ever; so nobody reads other bytes under it than were put there.
 */
export interface BlobStore {
  /** Begins an upload of no bytes. */
  begin(upload: string): Promise<void>
  /** The bytes that an upload has, or undefined where there is none. */
  uploaded(upload: string): Promise<number | undefined>
  /**
   * Adds bytes. `each` sees every piece before it is written. When the source fails, what came before is kept, and the error
   * passed on.
   *
   * @returns the bytes that the upload has then
   * @throws `not_found`; `unavailable` where no space is left
   */
  append(upload: string, source: AsyncIterable<Uint8Array>, each: (piece: Uint8Array) => void): Promise<number>
  /** The bytes of an upload from the first on. */
  readUpload(upload: string): Readable
  /** Makes an upload a blob. When it returns, a power cut does not take it away. */
  finish(upload: string, key: string): Promise<void>
  /** Forgets an upload. False where there is none. */
  abandon(upload: string): Promise<boolean>

  /** The bytes of a blob; fails at the first read where there is none. */
  read(key: string): Readable
  /**
   * Writes a part of a blob to a client as fast as that takes it, and does not end the stream. The memory of a piece is used
   * again when the stream calls back: it must be done with it then, as sockets are.
   */
  copy(key: string, to: Writable, range: ByteRange): Promise<void>
  remove(key: string): Promise<void>
  /** Names of the blobs that were last written before the time. */
  blobs(before: number): AsyncIterable<string>
  /** Uploads whose names begin so. */
  uploads(prefix?: string): AsyncIterable<StoredUpload>
  /** Bytes that can still be written, where that is known. */
  free(): Promise<number | undefined>
}
