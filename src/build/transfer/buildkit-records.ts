import type { Digest } from '../../oci/mod.ts'
import type { OperationVertex, Vertex } from '../graph.ts'
import { type BuildKitForm, buildkitForm, sourceKeys } from './buildkit-match.ts'
import type { CacheInput, CacheRecord, CacheResult } from './config.ts'

/**
 * Steps as BuildKit's records, for BuildKit to find them: those that have such a form, on others that have. Files of contexts
 * are read for it.
 *
 * @param results of the steps, by vertex
 * @param from the place that the first record will have
 */
export function buildkitRecords(results: ReadonlyMap<OperationVertex, CacheResult>, from: number): CacheRecord[] {
  const records: CacheRecord[] = []
  const known = new Map<string, number>()
  const places = new Map<Vertex, readonly number[]>()

  /** What is made the same way of the same is one record: BuildKit takes no two. */
  function add(digest: Digest, inputs: readonly (readonly CacheInput[])[], result?: CacheResult): number {
    const name = JSON.stringify([digest, inputs])
    const at = known.get(name)
    if (at !== undefined) return at
    records.push({ digest, inputs, results: result ? [result] : [] })
    known.set(name, from + records.length - 1)
    return from + records.length - 1
  }

  /** The records of a vertex, any of which will do. */
  function placesOf(vertex: Vertex): readonly number[] {
    let found = places.get(vertex)
    if (!found) {
      found = vertex.kind === 'config' ? placesOf(vertex.input) : recordsOf(vertex)
      places.set(vertex, found)
    }
    return found
  }

  function recordsOf(vertex: Exclude<Vertex, { kind: 'config' }>): readonly number[] {
    if (vertex.kind === 'source') return sourceKeys(vertex).map((key) => add(key, []))
    const form = buildkitForm(vertex)
    const digest = form?.digests[0]
    if (!form || !digest) return []
    const inputs: CacheInput[][] = []
    for (const input of form.inputs) {
      const links = linksTo(input)
      if (links.length === 0) return []
      inputs.push(links)
    }
    return [add(digest, inputs, results.get(vertex))]
  }

  function linksTo(input: BuildKitForm['inputs'][number]): CacheInput[] {
    if (input.kind === 'vertex') return placesOf(input.vertex).map((link) => ({ link, selector: input.selector }))
    if (input.kind === 'made') return [{ link: add(input.digest, []), selector: input.selector }]
    const key = input.key()
    return key ? [{ link: add(key, []), selector: '' }] : []
  }

  for (const vertex of results.keys()) placesOf(vertex)
  return records
}
