import type { Compression, LayerInfo } from '../store/mod.ts'
import type { ByteString } from '../tar/mod.ts'

export type { ByteString }

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

/** Where the bytes of a file come from. A path is read in place. */
export type FileSource = Hashed &
  ({ readonly kind: 'path'; readonly path: ByteString } | { readonly kind: 'bytes'; readonly bytes: Uint8Array })

interface Hashed {
  /** Of the content, 32 bytes. Where it is not known, whoever writes a layer may be asked to set it (`WriteOptions.digests`). */
  sha256?: Buffer | undefined
}

/** The directories that a layer is read from, the topmost first: its own, and one that it lies over, as overlayfs merges them. */
export type LayerDirs = string | readonly string[]

/** A finished layer that has some of what goes into another one, the same in content and metadata. */
export interface EarlierFiles {
  readonly dir: string
  readonly root: ByteString
  /**
   * Whether what is the same is left out of the new directory, which then lies over this one. Otherwise files become other
   * names of those here, where that can be done.
   */
  readonly over: boolean
  /** Of the files that are the same; without `over`, of those that it was asked for. */
  readonly bytes: number
  has(entry: LayerEntry): boolean
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes of file content so far; called at most about ten times a second. */
  readonly onProgress?: ((bytes: number) => void) | undefined
  /** Also hash the content of each file whose hash is not known, and set it. */
  readonly digests?: boolean | undefined
  readonly earlier?: EarlierFiles | undefined
}

export interface AppliedLayer extends LayerInfo {
  /** Directories that the tar does not name, made for what is in them. */
  readonly unnamed: readonly ByteString[]
  /** How the bytes came. xz and bzip2 are read, but no image format knows layers of them. */
  readonly compression: Compression | 'xz' | 'bzip2'
  /** Bytes as they came. */
  readonly packedSize: number
}

export interface ApplyOptions {
  /** The layers below, topmost first, as overlayfs has them: where symlinks and parent directories are looked up. */
  readonly lower?: readonly string[] | undefined
  /** Called before something in `lower` is looked at, where that is not finished yet. Blocks. */
  readonly waitForLower?: (() => void) | undefined
  /** `keep` takes names that begin with `.wh.` as what they are: for archives that are no layers. */
  readonly whiteouts?: 'overlay' | 'keep' | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes as they came so far; called at most about ten times a second. */
  readonly onProgress?: ((bytes: number) => void) | undefined
  /** Gets the bytes as they came, to be kept as a blob. */
  readonly tee?: ((chunk: Uint8Array) => void) | undefined
}
