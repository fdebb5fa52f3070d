import type { Readable } from 'node:stream'
import type { Digest } from '../oci/mod.ts'
import type { Compression, LayerInfo } from '../store/mod.ts'

/**
 * Names inside layers are *byte strings*: JavaScript strings with one character (U+0000 to U+00FF) for each byte, as
 * Buffer's `latin1` gives them, because file names need not be UTF-8. `Buffer.from(name, 'latin1')` is the path for a
 * system call; ASCII names are the same in both.
 */
export type ByteString = string

/** Something that a layer is to hold. Paths are relative to the layer's root, without a leading or trailing slash. */
export type LayerEntry = LayerEntryBase &
  (
    | { readonly kind: 'file'; readonly source: FileSource; readonly size: number }
    | { readonly kind: 'directory' }
    | { readonly kind: 'symlink'; readonly target: ByteString }
    /** A second name of an earlier entry. */
    | { readonly kind: 'link'; readonly target: ByteString }
    | { readonly kind: 'device'; readonly type: 'char' | 'block'; readonly major: number; readonly minor: number }
    | { readonly kind: 'fifo' }
  )

interface LayerEntryBase {
  readonly path: ByteString
  /** Permission bits, with setuid, setgid and sticky (07777). */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint
  readonly xattrs?: ReadonlyMap<ByteString, Uint8Array>
}

/** Where the bytes of a file come from. A path is read in place; `digest`, if known, spares hashing its content. */
export type FileSource =
  | { readonly kind: 'path'; readonly path: ByteString; readonly digest?: Digest }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes of file content so far; called at most about ten times a second. */
  readonly onProgress?: ((bytes: number) => void) | undefined
  /** Also hash the content of each file whose digest is not known: `digests` of the result, by entry path. */
  readonly contentDigests?: boolean | undefined
}

export interface WrittenLayer extends LayerInfo {
  readonly digests: ReadonlyMap<ByteString, Digest>
}

export interface AppliedLayer extends LayerInfo {
  readonly compression: Compression
  /** Hash and size of the bytes as they came. */
  readonly blob: { readonly digest: Digest; readonly size: number }
}

/** The operations of this module. */
export interface Layers {
  /**
   * Writes entries into an empty upper directory and hashes the layer's tar in the same pass; each file is read once.
   * Entries must be sorted by path, parents first, each path once. Files are read by worker threads.
   * Throws `not_found` when a source is gone and `failed` when it changed size while it was read.
   */
  writeLayer(dir: string, entries: readonly LayerEntry[], options?: WriteOptions): Promise<WrittenLayer>
  /** Hashes the tar of an upper directory. */
  hashLayer(dir: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<LayerInfo>
  /** The tar of an upper directory, always the same bytes for the same directory. */
  packLayer(dir: string): Readable
  /**
   * Unpacks a layer's tar, of any compression, into an empty upper directory: whiteouts and opaque directories become
   * overlayfs' own. Nothing is written outside `dir`, whatever the tar says. `lower` (topmost first) is looked at for
   * the metadata of parent directories that the tar does not name. Throws `corrupt`, `invalid`.
   */
  applyLayer(
    dir: string,
    tar: AsyncIterable<Uint8Array>,
    options?: {
      readonly lower?: readonly string[]
      readonly signal?: AbortSignal | undefined
      readonly onProgress?: ((bytes: number) => void) | undefined
      /** Gets the bytes as they came, to be kept as a blob. */
      readonly tee?: ((chunk: Uint8Array) => void) | undefined
    },
  ): Promise<AppliedLayer>
  compress(
    tar: AsyncIterable<Uint8Array>,
    how: { readonly kind: Compression; readonly level?: number },
  ): AsyncIterable<Uint8Array>
  /** Detects gzip, zstd, xz, bzip2 by their first bytes; anything else passes through. */
  decompress(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}
