import type { Digest } from '../../oci/mod.ts'
import type { OperationVertex, SourceVertex, Vertex } from '../graph.ts'
import { type BuildKitInput, manifestKey, sourceKey } from './buildkit-keys.ts'
import type { CacheInput, CacheRecord } from './config.ts'

/** Finds the records of BuildKit's that stand for vertices of a graph, by their places among the records. */
export type BuildKitMatcher = (vertex: Vertex) => readonly number[]

/**
 * A record stands for a vertex if it has its digest, and for each input a link to a record of that input, or to the very
 * content that it has. Nothing is taken from the records but what is asked for, so that it does not matter what they
 * are. Files of contexts are only read where all else fits.
 */
export function buildkitMatcher(records: readonly CacheRecord[]): BuildKitMatcher {
  const places = new Map<string, number[]>()
  for (const [i, { digest }] of records.entries()) {
    const known = places.get(digest)
    if (known) known.push(i)
    else places.set(digest, [i])
  }
  const matched = new Map<Vertex, readonly number[]>()
  const match: BuildKitMatcher = (vertex) => {
    let found = matched.get(vertex)
    if (!found) {
      found = find(vertex)
      matched.set(vertex, found)
    }
    return found
  }

  function find(vertex: Vertex): readonly number[] {
    if (vertex.kind === 'config') return match(vertex.input)
    if (vertex.kind === 'source') {
      const found = sourceKeys(vertex).flatMap((key) => places.get(key) ?? [])
      return found.filter((i) => records[i]!.inputs.length === 0)
    }
    const form = buildkitForm(vertex)
    if (!form) return []
    const candidates = form.digests.flatMap((digest) => places.get(digest) ?? [])
    return candidates.filter((i) => fits(records[i]!, form))
  }

  function fits({ inputs }: CacheRecord, form: BuildKitForm): boolean {
    if (inputs.length !== form.inputs.length) return false
    const rooted = form.inputs.every((input, at) => {
      if (input.kind === 'files') return true
      if (input.kind === 'made') return isMade(inputs[at]!, input)
      const own = match(input.vertex)
      return inputs[at]!.some((link) => link.selector === input.selector && own.includes(link.link))
    })
    return (
      rooted &&
      form.inputs.every(
        (input, at) => input.kind !== 'files' || isMade(inputs[at]!, { digest: input.key(), selector: '' }),
      )
    )
  }

  /** Whether there is a link to a record of that digest which stands on nothing. */
  function isMade(
    links: readonly CacheInput[],
    { digest, selector }: { digest: Digest | undefined; selector: string },
  ): boolean {
    return links.some((link) => {
      const record = records[link.link]
      return link.selector === selector && digest !== undefined && record?.digest === digest && !record.inputs.length
    })
  }

  return match
}

/** The keys of an image: that of its layers, and those of its manifests. */
export function sourceKeys({ chainId, origin }: SourceVertex): Digest[] {
  if (!chainId) return []
  const { manifests = [], platform } = origin ?? {}
  return [sourceKey(chainId), ...manifests.map((manifest) => manifestKey(manifest, platform!))]
}

/** A vertex as BuildKit has it: what is below it is no input where that is nothing. */
export interface BuildKitForm {
  readonly digests: readonly Digest[]
  readonly inputs: readonly (
    | { readonly kind: 'vertex'; readonly vertex: Vertex; readonly selector: string }
    | Exclude<BuildKitInput, { kind: 'vertex' }>
  )[]
}

export function buildkitForm({ operation, inputs }: OperationVertex): BuildKitForm | undefined {
  const { buildkit } = operation
  if (!buildkit || buildkit.files) return undefined
  const roots = inputs.map(rootOf)
  const onNothing = isNothing(roots[0]!)
  const used = buildkit.inputs.map((input): BuildKitForm['inputs'][number] => {
    if (input.kind !== 'vertex') return input
    const vertex = roots[input.at]!
    const files = vertex.kind === 'operation' ? vertex.operation.buildkit?.files : undefined
    return files ? { kind: 'files', key: files } : { kind: 'vertex', vertex, selector: input.selector }
  })
  const others = used.slice(1)
  const read = used.map((input) => (input.kind === 'vertex' ? input.vertex : input.kind))
  // What is read twice is one input there.
  const twice = new Set(read).size < read.length
  if (twice || others.some(isEmpty)) return undefined
  return { digests: buildkit.digests(onNothing), inputs: onNothing ? others : used }
}

function isEmpty(input: BuildKitForm['inputs'][number]): boolean {
  return input.kind === 'vertex' && isNothing(input.vertex)
}

function isNothing(vertex: Vertex): boolean {
  return vertex.kind === 'source' && vertex.chainId === undefined
}

/** Past the steps that only change the configuration, which BuildKit does not know. */
function rootOf(vertex: Vertex): Vertex {
  let at = vertex
  while (at.kind === 'config') at = at.input
  return at
}
