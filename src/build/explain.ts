import type { CacheMiss } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import type { ConfigVertex, OperationVertex, Result, Vertex } from './graph.ts'
import { type Account, compareFacts } from './records/account.ts'
import { compareListings, readListing } from './records/listing.ts'
import type { KnownStep, KnownSteps } from './records/steps.ts'

/** A step of which no result was found. */
export interface Missed {
  readonly vertex: OperationVertex
  readonly key: string
  readonly inputs: readonly Result[]
  /** Digest of the files that it reads, as far as it is known yet. */
  readonly files: Digest | undefined
}

/** Says why steps are not cached. It looks things up only for those. */
export interface Explainer {
  explain(missed: Missed): CacheMiss
  explainConfig(vertex: ConfigVertex, below: Vertex | undefined): CacheMiss
  /** The step was not looked for. */
  disabled(vertex: Vertex, option: string): CacheMiss
}

export function createExplainer(store: Store, known: KnownSteps): Explainer {
  const misses = new Map<Vertex, CacheMiss>()

  /** The vertices that make up what the step stands on and copies from, in order of importance. */
  function missedInput(vertex: OperationVertex, inputs: readonly Result[]): Vertex | undefined {
    const at = inputs.findIndex(({ cached }) => !cached)
    return at < 0 ? undefined : rootOf(vertex.inputs[at]!)
  }

  function find({ vertex, key, inputs, files }: Missed): CacheMiss {
    const { operation } = vertex
    const changed = missedInput(vertex, inputs)
    const input = (): CacheMiss => {
      if (!changed) return { kind: 'instruction' }
      // What only brings files to a step is no step of its own: it is their change that counts.
      return (changed.step ? undefined : misses.get(changed)) ?? inputMiss(changed)
    }
    if (inputs.some(({ renewed }) => renewed)) return input()
    if (known.get(key)) return { kind: 'pruned' }
    const parent = inputs[0]!.key
    const text = textOf(vertex)
    const same = known.latest({ operation: operation.digest, parent })
    if (same) {
      // Nothing of it is in the cache, so that its files were not looked at before it is done.
      const unseen = operation.outside !== undefined && files === undefined
      return filesMiss(same, { vertex, files }) ?? (unseen ? { kind: 'pruned' } : input())
    }
    const sibling = known.latest({ parent, text })
    if (sibling) {
      return compareFacts(sibling.account.facts, operation.facts) ?? filesMiss(sibling, { vertex, files }) ?? input()
    }
    // What it stands on is another one.
    if (changed && misses.get(changed)?.kind === 'first') return { kind: 'first' }
    const moved = known.latest({ operation: operation.digest }) ?? known.latest({ text })
    if (moved) {
      const base = baseMiss(moved.account, vertex)
      if (base && moved.project === known.project) return base
      const own = compareFacts(moved.account.facts, operation.facts)
      if (own) return own
      if (changed) return input()
    }
    const replaced = known.latest({ parent, project: known.project }, (step) => sameStage(step, vertex))
    if (replaced) return { kind: 'instruction', was: replaced.text }
    if (!known.knowsProject) return { kind: 'first' }
    return changed && moved ? input() : { kind: 'instruction' }
  }

  function filesMiss(
    before: KnownStep,
    { vertex, files }: { vertex: OperationVertex; files: Digest | undefined },
  ): CacheMiss | undefined {
    if (!before.files || !files || before.files === files) return undefined
    const after = vertex.operation.listing?.()
    const old = readListing(store.root, before.files)
    if (!after || !old) return { kind: 'files', changes: [], total: 0 }
    const { changes, total } = compareListings(old, after)
    const { from } = vertex.operation
    if (total === 0) return undefined
    if (from === undefined) return { kind: 'files', changes, total }
    return { kind: 'files', changes: changes.map((file) => ({ ...file, path: `/${file.path}` })), total, from }
  }

  function remember(vertex: Vertex, miss: CacheMiss): CacheMiss {
    misses.set(vertex, miss)
    return miss
  }

  return {
    explain: (missed) => remember(missed.vertex, find(missed)),
    explainConfig(vertex, below) {
      const changed = below && rootOf(below)
      const miss = changed && misses.get(changed)
      if (miss?.kind === 'first' || !known.knowsProject) return remember(vertex, { kind: 'first' })
      return remember(vertex, changed ? inputMiss(changed) : { kind: 'instruction' })
    },
    disabled: (vertex, option) => remember(vertex, { kind: 'disabled', option }),
  }
}

/** The account of a step that is done now. */
export function accountOf(vertex: OperationVertex): Account {
  const base = rootOf(vertex.inputs[0])
  return {
    facts: vertex.operation.facts,
    name: vertex.name,
    ...(base.kind === 'source' && base.image && { base: base.image }),
  }
}

export function textOf(vertex: Vertex): string {
  return vertex.step?.text ?? vertex.name
}

/** What the vertex has its root file system from: past the steps that only change the configuration. */
function rootOf(vertex: Vertex): Exclude<Vertex, ConfigVertex> {
  let at = vertex
  while (at.kind === 'config') at = at.input
  return at
}

function inputMiss(input: Vertex): CacheMiss {
  return { kind: 'input', name: textOf(input), ...(input.step && { step: input.step.index }) }
}

function baseMiss(before: Account, vertex: OperationVertex): CacheMiss | undefined {
  const base = accountOf(vertex).base
  if (!base || !before.base || base.digest === before.base.digest) return undefined
  return { kind: 'base', ...base, ...(base.name !== before.base.name && { was: before.base.name }) }
}

/** The stage is a part of the name that is shown. */
function sameStage({ account }: KnownStep, vertex: Vertex): boolean {
  const stage = (name: string) => /^\[(?:(.+?) )?\d+\/\d+\]/.exec(name)?.[1]
  return stage(account.name) === stage(vertex.name)
}
