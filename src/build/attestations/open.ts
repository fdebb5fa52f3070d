import type { OpenedContext } from '../context/open.ts'
import type { Sources } from '../frontend/sources.ts'
import type { Stage } from '../frontend/stage.ts'
import type { FinishedImage } from '../outputs/assemble.ts'
import type { Session } from '../session.ts'
import type { Solver } from '../solver.ts'
import type { AttestOptions, BuildOptions } from '../types.ts'
import { type Attested, type Attestor, createAttestor } from './attestor.ts'
import { cleaned, requestFacts } from './facts.ts'
import { runGenerator } from './generator.ts'
import { type NamedPredicate, scanRoots } from './sbom.ts'
import { scanTargets } from './scan-targets.ts'
import { commitOf } from './vcs.ts'

export interface AttestorOptions {
  readonly session: Session
  readonly solver: Solver
  readonly sources: Sources
  readonly options: BuildOptions
  readonly opened: OpenedContext
  /** SOURCE_DATE_EPOCH in seconds. */
  readonly epoch: number | undefined
  readonly built: readonly Built[]
}

interface Built {
  readonly stage: Stage
  readonly image: FinishedImage
  /** As people know it. */
  readonly name: string
}

/** Scans what was built for its SBOM, and gathers what there is to say of the build. Throws as builds do where a scanner fails. */
export async function openAttestor(asked: AttestOptions, of: AttestorOptions): Promise<Attestor> {
  const { session, options, opened } = of
  const { execution, id, startedAt } = session
  const vcs = asked.provenance ? cleaned(execution, await commitOf(options)) : {}
  const scanned: NamedPredicate[][] = []
  for (const built of of.built) scanned.push(asked.sbom ? cleaned(execution, await sbomOf(asked.sbom, built, of)) : [])
  // After the scans: a scanner is a material too.
  const attested = of.built.map(({ stage: { top }, image }, i): Attested => {
    const facts = { ...requestFacts({ execution, options, opened, top }), invocationId: id, startedAt, vcs }
    return { image, top, facts, sbom: scanned[i]! }
  })
  return createAttestor(execution, attested, asked)
}

let scans = 0

function sbomOf(
  { generator, parameters = {} }: NonNullable<AttestOptions['sbom']>,
  { stage, image, name }: Built,
  { session: { execution }, solver, sources, opened, epoch }: AttestorOptions,
): Promise<NamedPredicate[]> {
  const id = `sbom${++scans}`
  const targets = scanTargets(stage, { id, context: opened.source })
  if (generator === undefined) {
    const created = epoch === undefined ? Date.now() : epoch * 1000
    return scanRoots(execution, solver, { id, targets, name, created })
  }
  return runGenerator(execution, solver, { id, generator, parameters, sources, platform: image.platform, targets })
}
