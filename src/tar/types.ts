import type { ByteString } from '../lib/mod.ts'

export type { ByteString }

export type EntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo'

/** One member of a tar. */
export interface TarEntry {
  /** As it stands in the tar, but a directory's without the closing slash. */
  readonly path: ByteString
  readonly type: EntryType
  /** Permission bits, with setuid, setgid and sticky (07777). */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of content; a sparse file's with its holes. 0 for everything but files. */
  readonly size: number
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint
  /** Where a symlink points, or the path of the earlier entry that a link is another name of. */
  readonly target?: ByteString
  readonly device?: { readonly major: number; readonly minor: number }
  readonly xattrs?: ReadonlyMap<ByteString, Uint8Array>
}
