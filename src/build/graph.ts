import type { SourceRange, VertexEvent } from '../lib/mod.ts'
import type { ChainId, Digest } from '../oci/mod.ts'
import type { ActiveSnapshot, LayerInfo, SnapshotId } from '../store/mod.ts'
import type { Execution } from './execution.ts'

/**
 * A build is a graph of vertices. Each has a root file system as its result: that of its first input, changed by an
 * operation. The other inputs are only read. What is asked for is one vertex; nothing runs that it does not need.
 */
export type Vertex = SourceVertex | OperationVertex | ConfigVertex

interface VertexBase {
  /** Unique in the graph. */
  readonly id: string
  /** As a person knows it: `[builder 2/4] RUN make`. */
  readonly name: string
  readonly step: VertexEvent['step']
  /** Where it is asked for. */
  readonly range?: SourceRange | undefined
}

/** An image, or nothing (scratch). */
export interface SourceVertex extends VertexBase {
  readonly kind: 'source'
  readonly snapshot: SnapshotId | undefined
  readonly chainId: ChainId | undefined
}

export interface OperationVertex extends VertexBase {
  readonly kind: 'operation'
  readonly operation: Operation
  readonly inputs: readonly [Vertex, ...Vertex[]]
}

/** A step that changes the configuration only: its root file system is its input's. */
export interface ConfigVertex extends VertexBase {
  readonly kind: 'config'
  readonly input: Vertex
}

/** What makes one layer. */
export interface Operation {
  /** Digest of all that is to be done, but for the inputs and for what is read from outside the graph. */
  readonly digest: Digest
  /**
   * Digest of what is read from outside the graph: files of a context, a download. `eager` is false when no result with
   * this operation is known: then the answer may be undefined where it would cost reading the files, and `execute` gives it.
   */
  readonly outside?: (eager: boolean) => Promise<Digest | undefined>
  /**
   * Digest of what is read from the inputs after the first, once they are there. With it, a change of an input that
   * does not change what is read of it changes nothing.
   */
  readonly contents?: (execution: Execution, inputs: readonly Result[]) => Promise<Digest>
  /** Fills the new layer. Gives its hash where that is at hand; otherwise it is hashed in the background. */
  execute(execution: Execution, layer: ActiveSnapshot, inputs: readonly Result[]): Promise<Executed>
}

export interface Executed {
  readonly layer?: LayerInfo
  /** The digest that `outside` did not give. */
  readonly outside?: Digest
  /** What `contents` would give, where it was not asked. */
  readonly contents?: Digest
}

/** A root file system. */
export interface Result {
  readonly snapshot: SnapshotId | undefined
  /** The definition key: names what was done, not what came out. */
  readonly key: string
  readonly cached: boolean
  /** The stack of layers; waits until they are hashed. */
  chainId(): Promise<ChainId | undefined>
  /** Milliseconds since the epoch when the layer was made. */
  readonly createdAt: number
}
