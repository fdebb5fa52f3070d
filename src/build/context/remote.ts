import type { Digest } from '../../oci/mod.ts'

/** Files that are not on this machine yet. */
export interface RemoteSource {
  /**
   * Names what it will bring: the same key, the same files. Asks the server where only that can tell.
   * Throws `unavailable` where it can't be reached, `not_found` where it does not have that.
   */
  key(): Promise<Digest>
  /** Brings it into a directory of the build. Throws as `key`, and `corrupt` when it is not what it must be. */
  fetch(): Promise<Fetched>
}

export interface Fetched {
  readonly directory: string
  /** The one file that it is, in `directory`; undefined for a whole tree. */
  readonly file: string | undefined
  /** When the commit was made, in seconds since the epoch. */
  readonly committedAt?: number
}

/** `vertex` is told of the progress. */
export interface HttpOptions {
  readonly vertex: string
  /** What the content must hash to: `sha256:…`, `sha384:…`, `sha512:…`. */
  readonly checksum?: string | undefined
  /** What to name it, instead of what the URL ends with. */
  readonly filename?: string | undefined
}

export interface GitOptions {
  readonly remote: string
  readonly ref: string | undefined
  readonly subdir: string | undefined
  /** The commit id that it must be, or the beginning of it (hexadecimal). */
  readonly checksum: string | undefined
  readonly keepGitDir: boolean
  readonly submodules: boolean
}
