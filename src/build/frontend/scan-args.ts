import { isFalse, isTrue, type Stage as ParsedStage } from '../../dockerfile/mod.ts'
import type { Vertex } from '../graph.ts'
import type { Stage } from './stage.ts'

/** What the SBOM of a build is of besides its result, as BUILDKIT_SBOM_SCAN_STAGE and _CONTEXT say. */
export interface ScanArgs {
  readonly stage: boolean
  readonly context: boolean
}

/** Stages that an SBOM is of besides its target, and whether it is of the context. */
export interface Scanned {
  readonly stages: readonly { readonly name: string; readonly top: Vertex }[]
  readonly context: boolean
}

/** Of the stages that were read for a target. */
export function scannedBeside(target: Stage, read: readonly Stage[]): Scanned {
  const others = read.filter((stage) => stage !== target && stage.scan.stage)
  return {
    stages: others.map(({ name, index, top }) => ({ name: name ?? `stage-${index}`, top })),
    context: read.some((stage) => stage.scan.context),
  }
}

/**
 * Reads both for a stage: they hold where the stage declares them, or the Dockerfile does for all before its first FROM.
 * Each is a boolean, or names of the stages for which it is true.
 */
export function scanArgs(
  parsed: ParsedStage,
  { args }: Pick<Stage, 'args'>,
  globals: ReadonlyMap<string, string | undefined>,
): ScanArgs {
  const declared = new Set(
    parsed.instructions.flatMap((instruction) =>
      instruction.kind === 'arg' ? instruction.args.map(({ name }) => name) : [],
    ),
  )
  const holds = (name: string) => {
    const value = (declared.has(name) ? args.get(name) : globals.get(name)) ?? ''
    if (isTrue(value)) return true
    if (value === '' || isFalse(value)) return false
    return parsed.name !== undefined && value.toLowerCase().split(',').includes(parsed.name)
  }
  return { stage: holds('BUILDKIT_SBOM_SCAN_STAGE'), context: holds('BUILDKIT_SBOM_SCAN_CONTEXT') }
}
