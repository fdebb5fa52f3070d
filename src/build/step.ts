import type { Digest } from '../oci/mod.ts'
import type { Snapshot } from '../store/mod.ts'
import { type BuildCache, keyOf } from './cache.ts'
import type { Execution } from './execution.ts'
import type { Executed, OperationVertex, Result } from './graph.ts'
import type { Imported, Imports } from './transfer/import.ts'

/** A step whose inputs are there. */
export interface Step {
  readonly vertex: OperationVertex
  readonly inputs: readonly Result[]
  /** See `Result.renewed`. */
  readonly renewed: boolean
  /** The definition and the content key, as far as what is read from outside is known. */
  key(): string
  contentKey(): Promise<string>
  /** Digest of the files that it reads, where that is known. */
  files(): Digest | undefined
  /** Names the work, for others that do the same. Files that nobody has read yet are taken for the same. */
  claim(): string
  /** A result that is in the cache, now held by the lease. */
  find(): Promise<FoundStep | undefined>
  /** Takes up what doing it told. */
  learn(executed: Executed): void
}

export interface FoundStep {
  readonly snapshot: Snapshot
  readonly byDefinition: boolean
  /** Where it is the result of another build. */
  readonly imported?: Imported
}

/** @param eager whether its result is looked for: then what is outside is read where some result is known */
export async function openStep(
  vertex: OperationVertex,
  inputs: readonly Result[],
  {
    execution,
    cache,
    imports,
    eager,
  }: { execution: Execution; cache: BuildCache; imports: Imports | undefined; eager: boolean },
): Promise<Step> {
  const { operation } = vertex
  const renewed = inputs.some((input) => input.renewed)
  const definition = inputs.map((input) => input.key)
  const isKnown = async () => cache.knows(operation.digest) || ((await imports?.knows(operation)) ?? false)
  let outside = operation.outside && (await operation.outside(eager && (await isKnown())))
  let contents: Digest | undefined
  const key = () => keyOf('definition', operation.digest, outside, ...definition)
  const contentKey = async () => {
    contents ??= await operation.contents?.(execution, inputs)
    const chains = await Promise.all((contents ? inputs.slice(0, 1) : inputs).map((input) => input.chainId()))
    return keyOf('content', operation.digest, outside, contents, ...chains)
  }
  return {
    vertex,
    inputs,
    renewed,
    key,
    contentKey,
    files: () => outside ?? contents,
    claim: () => keyOf('claim', operation.digest, outside, ...definition),
    async find() {
      if (!(await isKnown())) return undefined
      if (operation.outside) outside ??= await operation.outside(true)
      const byDefinition = renewed ? undefined : cache.find(key(), execution.lease)
      if (byDefinition) return { snapshot: byDefinition, byDefinition: true }
      const content = await contentKey()
      const snapshot = cache.find(content, execution.lease)
      if (snapshot) return { snapshot, byDefinition: false }
      const defined = renewed ? undefined : await imports?.find(key(), vertex)
      const imported = defined ?? (await imports?.find(content))
      return imported && { snapshot: imported.snapshot, byDefinition: defined !== undefined, imported }
    },
    learn(executed) {
      outside ??= executed.outside
      contents ??= executed.contents
    },
  }
}
