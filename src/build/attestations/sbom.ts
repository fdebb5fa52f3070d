import { type Predicate, scanPackages, spdxDocument, spdxPredicate } from '../../attest/mod.ts'
import { textOf } from '../../lib/mod.ts'
import { type Execution, viewRoot } from '../execution.ts'
import type { Solver } from '../solver.ts'
import { resultName, type ScanTarget } from './scan-targets.ts'

/** A statement that is to be made, and the file that it is where there is no image. */
export interface NamedPredicate extends Predicate {
  readonly file: string
}

/** Finds the packages of each root file system, and makes a document of each. */
export async function scanRoots(
  execution: Execution,
  solver: Solver,
  {
    id,
    targets,
    name,
    created,
  }: {
    /** Unique in the build. */
    readonly id: string
    readonly targets: readonly ScanTarget[]
    /** The image's. */
    readonly name: string
    /** Milliseconds since the epoch. */
    readonly created: number
  },
): Promise<NamedPredicate[]> {
  const { store, scratch, signal, progress } = execution
  const found: NamedPredicate[] = []
  for (const target of targets) {
    const vertex = {
      kind: 'vertex',
      id: `${id}-${target.name}`,
      name: `[internal] looking for packages: ${target.name}`,
    } as const
    progress({ ...vertex, state: 'started', at: Date.now() })
    const { snapshot, chainId } = await solver.solve(target.top)
    await chainId()
    using root = viewRoot(execution, snapshot)
    const layers = store.snapshots
      .ancestry(snapshot)
      .flatMap(({ id, layer }) => store.snapshots.dirs(id).map((path) => ({ path, diffId: layer!.diffId })))
    const inventory = await scanPackages({ path: root.path, layers }, { scratch, signal })
    for (const { path, why } of inventory.unreadable) {
      const message = `the SBOM lacks the packages of /${textOf(path)}: ${why}`
      progress({ kind: 'notice', level: 'warning', message, hint: 'A scanner may know more: --sbom=generator=IMAGE' })
    }
    const of = target.name === resultName ? name : target.name.replace(/^sbom-/, '')
    const predicate = spdxDocument(inventory, { name: of, created })
    found.push({ file: `${target.name}.spdx.json`, type: spdxPredicate, predicate })
    progress({ ...vertex, state: 'done', at: Date.now() })
  }
  return found
}
