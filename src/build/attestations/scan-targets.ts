import type { Stage } from '../frontend/stage.ts'
import type { Vertex } from '../graph.ts'
import { copyFromContext, type LocalSource } from '../operations/copy.ts'

/** A root file system that an SBOM is made of. */
export interface ScanTarget {
  /** `resultName` for the result, `sbom-NAME` for a stage, `sbom-context`: what the files are called. */
  readonly name: string
  readonly top: Vertex
}

/** What the result's SBOM is called. */
export const resultName = 'sbom'

/** The result, and what the Dockerfile wants to have looked at besides it. */
export function scanTargets(
  { top, scanned }: Stage,
  { id, context }: { readonly id: string; readonly context: LocalSource },
): ScanTarget[] {
  return [
    { name: resultName, top },
    ...(scanned.context ? [{ name: 'sbom-context', top: contextFiles(`${id}-context`, context) }] : []),
    ...scanned.stages.map((stage) => ({ name: `sbom-${stage.name}`, top: stage.top })),
  ]
}

/** The context as a root file system, without what its ignore file hides. */
function contextFiles(id: string, context: LocalSource): Vertex {
  const name = '[internal] the build context for the SBOM'
  const operation = copyFromContext(context, ['.'], { destination: '/', vertex: id })
  const nothing = { kind: 'source', step: undefined, snapshot: undefined, chainId: undefined } as const
  return {
    kind: 'operation',
    id,
    name,
    step: undefined,
    operation,
    inputs: [{ ...nothing, id: `${id}-nothing`, name: 'scratch' }],
  }
}
