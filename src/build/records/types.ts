import type { CacheMiss, VertexEvent } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'

/** A build, as it is kept for people. Times are milliseconds since the epoch, sizes bytes. */
export interface BuildRecord {
  /** 25 letters and digits. */
  readonly id: string
  /** The context's last part, the Dockerfile if it has another name, the target: `app/prod.Dockerfile (test)`. */
  readonly name: string
  readonly status: BuildStatus
  readonly startedAt: number
  readonly endedAt?: number
  /** The folder, URL or `-`, and the Dockerfile. */
  readonly context: string
  readonly file: string
  readonly targets: readonly string[]
  readonly tags: readonly string[]
  /** The image; the last one of several targets. */
  readonly image?: Digest
  readonly error?: { readonly message: string; readonly hint?: string }
  readonly steps: readonly StepRecord[]
  /** Size of all logs. */
  readonly logBytes: number
}

/** `killed` is a build whose process ended without a word. */
export type BuildStatus = 'running' | 'completed' | 'failed' | 'cancelled' | 'killed'

export interface StepRecord {
  /** Unique in the build. */
  readonly id: string
  readonly name: string
  /** Its number, where it has one: that of an instruction. */
  readonly step?: VertexEvent['step']
  readonly state: VertexEvent['state']
  readonly startedAt: number
  readonly endedAt?: number
  /** Ids of those that it builds on. */
  readonly inputs: readonly string[]
  /** Its definition key: the name of its result in the cache. */
  readonly key?: string
  /** The cache of another build that it was taken from. */
  readonly from?: string
  readonly miss?: CacheMiss
  readonly error?: string
  /** Bytes of files that Strake read and downloaded for it; what a RUN step's processes read is not known. */
  readonly read: number
  /** Bytes of the files in its layer. */
  readonly written: number
  /** Bytes of its log. */
  readonly logBytes: number
}
