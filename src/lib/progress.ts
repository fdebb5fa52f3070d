import type { CacheMiss } from './cache-miss.ts'
import type { SourceRange } from './error.ts'

/**
 * What a long operation tells about itself. The terminal, the plain log, the JSON stream and the API
 * all render these events; no other way leads from an operation to a person.
 *
 * A *vertex* is a unit of work that is shown on its own: a build step, a layer that is pulled.
 */
export type ProgressEvent =
  | GraphEvent
  | VertexEvent
  | { readonly kind: 'log'; readonly vertex: string; readonly stream: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | StatusEvent
  | CheckEvent
  | { readonly kind: 'notice'; readonly level: 'info' | 'warning'; readonly message: string; readonly hint?: string }

/** What is going to be done, told before any of it begins. What turns out not to be needed is told as cached; what comes after a failure never. */
export interface GraphEvent {
  readonly kind: 'graph'
  /** What a vertex builds on stands before it. */
  readonly vertices: readonly Pick<VertexEvent, 'id' | 'name' | 'config' | 'inputs'>[]
}

export interface VertexEvent {
  readonly kind: 'vertex'
  /** Unique within one stream of events. */
  readonly id: string
  /** As a person knows it: `[builder 2/4] RUN make`. */
  readonly name: string
  readonly state: 'started' | 'cached' | 'done' | 'failed' | 'cancelled'
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The step as the tutorials number it, for `Step 3/6 : RUN …`. */
  readonly step?: {
    readonly index: number
    readonly total: number
    readonly text: string
    /** Where images for several platforms are built: `linux/arm64`, or `linux/amd64->arm64` for what is made on one for another. */
    readonly platform?: string
  }
  /** It changes the image's configuration only, and makes no layer. */
  readonly config?: true
  /** Ids of the vertices that it builds on; told when its state is told for the first time. */
  readonly inputs?: readonly string[]
  /** What it does with what: the definition key under which the cache knows it. Told when it has ended. */
  readonly key?: string
  /** For a cached vertex: the cache of another build that the result came from. */
  readonly from?: string | undefined
  /** Why the vertex was not cached. */
  readonly miss?: CacheMiss
  /** Why it failed. */
  readonly reason?: string
  /** Short id of the resulting layer or image. */
  readonly result?: string
}

/** What a build check warns of. */
export interface CheckEvent {
  readonly kind: 'check'
  /** Name of the rule, as Docker has it: `StageNameCasing`. */
  readonly rule: string
  readonly message: string
  /** What the rule is about, in a sentence. */
  readonly description: string
  /** The page that says more. */
  readonly url: string
  readonly range: SourceRange
  /** The text that `range` points into. */
  readonly source?: string
}

/** Bytes or items of a part of a vertex. Sent at most a few times a second for each part. */
export interface StatusEvent {
  readonly kind: 'status'
  readonly vertex: string
  readonly id: string
  readonly label: string
  readonly unit: 'bytes' | 'items'
  readonly current: number
  readonly total?: number
  readonly done?: boolean
  /** What a build's profile counts the bytes as: read by the vertex, or written to its layer. */
  readonly counts?: 'read' | 'written'
}

export type ProgressSink = (event: ProgressEvent) => void

/** The options that every long operation takes. */
export interface OperationOptions {
  readonly progress?: ProgressSink | undefined
  readonly signal?: AbortSignal | undefined
}
