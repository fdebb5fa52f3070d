import type { Digest } from '../../oci/mod.ts'
import type { CacheRecord, CacheResult } from './config.ts'

/** A step that was done, by the keys under which its result is known. */
export interface KeptStep {
  readonly operation: Digest
  readonly keys: readonly string[]
  /** Place of the result among the layers, and when it was made: milliseconds since the epoch. */
  readonly layer: number
  readonly createdAt: number
}

/**
 * Our keys as records. A key of ours names all that it was made of, so that its record has one input only: a record of the
 * operation, for those who want to know whether any result of it is there. What is `known` without a result is a
 * record alone.
 */
export function ownRecords(steps: readonly KeptStep[], known: readonly string[]): CacheRecord[] {
  const operations = [...new Set(steps.map(({ operation }) => operation))].sort()
  const places = new Map(operations.map((operation, i) => [operation, i]))
  const records = new Map<string, CacheRecord>()
  for (const { operation, keys, layer, createdAt } of steps) {
    const results = [resultOf(layer, createdAt)]
    const inputs = [[{ link: places.get(operation)!, selector: '' }]]
    for (const key of keys) records.set(key, { digest: key as Digest, results, inputs })
  }
  const others = new Set(known.filter((key) => !places.has(key as Digest)))
  const roots = [...operations, ...[...others].sort()]
  const byDigest = [...records.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  return [...roots.map((digest) => ({ digest: digest as Digest, results: [], inputs: [] })), ...byDigest]
}

export function resultOf(layer: number, createdAt = 0): CacheResult {
  return { layer, createdAt: new Date(createdAt).toISOString() }
}

/** The operation of a record of ours; undefined for those of others. */
export function operationOf(records: readonly CacheRecord[], { inputs }: CacheRecord): Digest | undefined {
  const [input, ...others] = inputs
  if (!input || others.length > 0 || input.length !== 1 || input[0]!.selector !== '') return undefined
  const operation = records[input[0]!.link]
  return operation && operation.inputs.length === 0 && operation.results.length === 0 ? operation.digest : undefined
}
