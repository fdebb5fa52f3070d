import type { SourceRange, VertexEvent } from '../lib/mod.ts'
import type { ChainId, Digest, Platform } from '../oci/mod.ts'
import type { ActiveSnapshot, LayerInfo, SnapshotId } from '../store/mod.ts'
import type { Execution } from './execution.ts'
import type { Definition } from './operations/definition.ts'
import type { Facts } from './records/account.ts'
import type { Listing } from './records/listing.ts'
import type { BuildKitStep } from './transfer/buildkit-keys.ts'

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
  /** The stage that it is a step of, if that has a name. */
  readonly stage?: string | undefined
}

/** An image, or nothing (scratch). */
export interface SourceVertex extends VertexBase {
  readonly kind: 'source'
  readonly snapshot: SnapshotId | undefined
  readonly chainId: ChainId | undefined
  /** The image, as it is asked for, and `NAME@DIGEST` of its manifest; none for scratch. */
  readonly image?: { readonly name: string; readonly digest: Digest; readonly manifest: string } | undefined
  /** Digests of manifests and indexes under which registries have it, and for which platform. */
  readonly origin?: { readonly manifests: readonly Digest[]; readonly platform: Platform }
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

/** What the vertex stands on, and what it reads besides. */
export function inputsOf(vertex: Vertex): readonly Vertex[] {
  if (vertex.kind === 'source') return []
  return vertex.kind === 'config' ? [vertex.input] : vertex.inputs
}

/** All vertices of a graph, each once, after its inputs. */
export function verticesBelow(tops: readonly Vertex[]): Vertex[] {
  const found: Vertex[] = []
  const seen = new Set<Vertex>()
  const visit = (vertex: Vertex) => {
    if (seen.has(vertex)) return
    seen.add(vertex)
    inputsOf(vertex).forEach(visit)
    found.push(vertex)
  }
  tops.forEach(visit)
  return found
}

/** What makes one layer. */
export interface Operation {
  /** Digest of all that is to be done, but for the inputs and for what is read from outside the graph. */
  readonly digest: Digest
  /** All that `digest` is made of, for people. */
  readonly facts: Facts
  /** What it does, for those who want to know how the image came to be. */
  readonly definition: Definition
  /** The files that were read from outside or from other inputs, once their digest is known. */
  readonly listing?: () => Listing | undefined
  /** Where those files are, if not in a context: `stage build`. */
  readonly from?: string
  /** The same step as BuildKit has it, for its caches. */
  readonly buildkit?: BuildKitStep | undefined
  /** Its failure may be a matter of luck: it is done again where a build retries. */
  readonly retry?: boolean
  /**
   * Digest of what is read from outside the graph: files of a context, a download. `eager` is false when no result with
   * this operation is known: then the answer may be undefined where it would cost reading the files, and `execute` gives it.
   */
  readonly outside?: (eager: boolean) => Promise<Digest | undefined>
  /** What `outside` reads: operations of one digest that read the same thing do the same. Without it, that is not known. */
  readonly reads?: object
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
  /** When the layer was made, if that was before: milliseconds since the epoch. */
  readonly createdAt?: number
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
  /**
   * It, or something below it, was done anew although a result was known. What stands on it is not looked for by its
   * definition, which may name what was made of the old result.
   */
  readonly renewed: boolean
}
