import type { Descriptor } from '../../oci/mod.ts'
import type { Attestor } from '../attestations/attestor.ts'
import type { Assembly } from './assemble.ts'
import type { NamedTarget } from './names.ts'
import type { BuildOutput } from './types.ts'

/** What was built of a target, and is to be put out. */
export interface Finished extends Assembly, NamedTarget {
  /** SOURCE_DATE_EPOCH in nanoseconds. */
  readonly epoch: bigint | undefined
}

export interface Exporting<Output extends BuildOutput> {
  /** In the order in which they were asked for. */
  readonly targets: readonly Finished[]
  readonly output: Output
  readonly attestor: Attestor | undefined
}

/** The manifest of an image as it was put out, or the index of several, and its names there. */
export interface ExportedImage {
  readonly manifest: Descriptor
  readonly names: readonly string[]
  /** Whether registries have it. */
  readonly pushed: boolean
}

/** With what is to be attached to it. */
export function attested(finished: Finished, names: readonly string[], attestor: Attestor | undefined): Finished {
  return attestor ? { ...finished, attach: attestor.attach(names) } : finished
}
