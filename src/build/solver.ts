import { setTimeout } from 'node:timers/promises'
import { type CacheMiss, StrakeError } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import type { Snapshot, SnapshotId } from '../store/mod.ts'
import { attempt } from './attempt.ts'
import { type BuildCache, configKey, keyOf } from './cache.ts'
import type { Execution } from './execution.ts'
import { accountOf, type Explainer, textOf } from './explain.ts'
import { createGate } from './gate.ts'
import { type ConfigVertex, inputsOf, type OperationVertex, type Result, type Vertex } from './graph.ts'
import { createHashing } from './hashing.ts'
import type { KnownSteps } from './records/steps.ts'
import { createEnds, type Ends, report } from './report.ts'
import { openStep, type Step } from './step.ts'
import type { Imported, Imports } from './transfer/import.ts'

export interface SolverOptions {
  readonly execution: Execution
  readonly cache: BuildCache
  /** The caches of other builds, where there are any: what this one lacks is looked for there. */
  readonly imports: Imports | undefined
  readonly known: KnownSteps
  readonly explainer: Explainer
  /** The option for which a step is done anew though a result may be known; undefined for the others. Results are recorded all the same. */
  readonly disabled: (vertex: Vertex) => string | undefined
  /** Throws where the step must be cached. */
  readonly beforeMiss: (vertex: OperationVertex, miss: CacheMiss) => void
  /** How many steps run side by side. */
  readonly maxParallelism: number
  /** How often a step that fails, and may have done so by bad luck, is done again. */
  readonly retries: number
}

export interface Solver {
  solve(vertex: Vertex): Promise<Result>
  /** Waits until every layer that was made has its hash. */
  settled(): Promise<void>
  /** Cancels every step that is still under way, as after one that failed, and waits until all have ended. Layers still get their hash. */
  stop(): Promise<void>
  /** What has come of a vertex up to now: its definition key, and its result where there is one here. Does nothing for it. */
  state(vertex: Vertex): Promise<{ readonly key: string | undefined; readonly snapshot: SnapshotId | undefined }>
  /** Steps that were shown, and those of them that were cached. */
  readonly counts: Ends['counts']
}

interface Kept {
  readonly under: readonly string[]
  readonly key: string
  /** Definition keys. */
  readonly inputs: readonly string[]
  readonly snapshot: SnapshotId
  readonly files: Digest | undefined
}

/** How often a build looks whether another has ended what it waits for, in milliseconds. */
const pollTime = 20

/**
 * Finds the result of a vertex: by its definition key before anything below it is even looked at; then, when its inputs
 * are there, by its content key; and by doing it. Each vertex is solved once, and so is each key, in all processes that
 * share the store: what another one is doing is waited for, and done here if that one ends without a result.
 */
export function createSolver(options: SolverOptions): Solver {
  const { execution, cache, imports, known, explainer, disabled } = options
  const { store, lease, progress, signal } = execution
  const stopping = new AbortController()
  /** Ends steps; `signal` ends all. */
  const stepSignal = AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])])
  const solved = new Map<Vertex, Promise<Result>>()
  const results = new Map<Vertex, Result>()
  const keys = new Map<Vertex, Promise<string | undefined>>()
  const running = new Map<string, Promise<Result>>()
  const renewing = new Map<string, Promise<Result>>()
  const hashing = createHashing(store)
  const gate = createGate(options.maxParallelism)
  const unseen: string[] = []
  const { show, failed, isShown, counts } = createEnds(progress)

  /** The definition key, or undefined as long as it can't be known without doing the step or one below it. */
  function keyBefore(vertex: Vertex): Promise<string | undefined> {
    let key = keys.get(vertex)
    if (!key) {
      key = computeKey(vertex)
      keys.set(vertex, key)
    }
    return key
  }

  async function computeKey(vertex: Vertex): Promise<string | undefined> {
    if (vertex.kind === 'source') return vertex.chainId ?? 'scratch'
    if (vertex.kind === 'config') return keyBefore(vertex.input)
    const inputs = await Promise.all(vertex.inputs.map(keyBefore))
    if (disabled(vertex)) return undefined
    const { outside, digest } = vertex.operation
    const read = await outside?.(await isKnown(vertex.operation)).catch((error) => {
      throw failed(vertex, error)
    })
    if (outside && !read) return undefined
    return inputs.includes(undefined) ? undefined : keyOf('definition', digest, read, ...inputs)
  }

  async function isKnown(operation: OperationVertex['operation']): Promise<boolean> {
    return cache.knows(operation.digest) || ((await imports?.knows(operation)) ?? false)
  }

  function solve(vertex: Vertex): Promise<Result> {
    let result = solved.get(vertex)
    if (!result) {
      result = start(vertex).then((found) => {
        results.set(vertex, found)
        return found
      })
      solved.set(vertex, result)
    }
    return result
  }

  async function start(vertex: Vertex): Promise<Result> {
    if (vertex.kind === 'source') {
      show(vertex, 'done')
      const { snapshot, chainId } = vertex
      const createdAt = snapshot === undefined ? 0 : store.snapshots.get(snapshot).createdAt
      const key = chainId ?? 'scratch'
      return { snapshot, key, cached: true, renewed: false, chainId: async () => chainId, createdAt }
    }
    if (vertex.kind === 'config') {
      const result = await solve(vertex.input)
      await showConfig(vertex, result.key, result)
      return result
    }
    const key = await keyBefore(vertex)
    if (key === undefined) return solveFromInputs(vertex)
    const same = running.get(key)
    if (same) {
      const result = await same
      await showCached(vertex)
      return result
    }
    const result = solveByKey(vertex, key)
    running.set(key, result)
    return result
  }

  async function solveByKey(vertex: OperationVertex, key: string): Promise<Result> {
    const found = cache.find(key, lease)
    if (found) {
      await showCached(vertex)
      return cachedResult(found, key, false)
    }
    const imported = await imports?.find(key, vertex)
    if (!imported) return solveFromInputs(vertex)
    await takeIn(vertex, key, imported)
    await showCached(vertex, imported.from)
    return cachedResult(imported.snapshot, key, false)
  }

  /** Makes the result of another build one of this machine's. */
  async function takeIn(vertex: OperationVertex, key: string, { snapshot, keys: others }: Imported): Promise<void> {
    const { operation, inputs } = vertex
    const below = (await Promise.all(inputs.map(keyBefore))) as string[]
    const files = await operation.outside?.(true)
    keep(vertex, { under: [...new Set([key, ...others])], key, inputs: below, snapshot: snapshot.id, files })
  }

  /**
   * A step whose result is known: all that it stands on is not needed, and counts as cached too. Where the result is another
   * build's, so are those below it whose layers came with it.
   */
  async function showCached(vertex: Vertex, from?: string): Promise<void> {
    if (isShown(vertex)) return
    if (vertex.kind === 'source') return show(vertex, 'done')
    for (const input of inputsOf(vertex)) await showCached(input, from)
    const key = (await keyBefore(vertex)) ?? ''
    if (vertex.kind === 'config') return showConfig(vertex, key)
    if (from !== undefined && !cache.find(key, lease)) {
      const imported = await imports?.here(key, vertex)
      if (imported) await takeIn(vertex, key, imported)
      else cache.note(key, vertex.operation.digest)
    }
    show(vertex, 'cached', { key, from })
  }

  /** `below` is the definition key of what it stands on, `on` that itself where it had to be looked at. */
  async function showConfig(vertex: ConfigVertex, below: string, on?: Result): Promise<void> {
    const option = disabled(vertex)
    const cached = on?.cached ?? true
    // A result that was found by its content stands under another definition than before.
    const names = [below, ...(on?.snapshot === undefined ? [] : [`snapshot ${on.snapshot}`])]
    const configs = names.map((name) => configKey(name, vertex.step?.text))
    const seenHere = configs.some((key) => cache.seen(key))
    const seen = !option && cached && (seenHere || (await imports?.seen(configs)))
    if (!seen || !seenHere) unseen.push(...configs)
    const changed = cached ? undefined : vertex.input
    if (seen) show(vertex, 'cached')
    else
      show(vertex, 'done', {
        miss: option ? explainer.disabled(vertex, option) : explainer.explainConfig(vertex, changed),
      })
  }

  async function solveFromInputs(vertex: OperationVertex): Promise<Result> {
    const inputs = await Promise.all(vertex.inputs.map(solve))
    stepSignal.throwIfAborted()
    const step = await openStep(vertex, inputs, { execution, cache, imports, eager: !disabled(vertex) })
    const option = disabled(vertex)
    if (option) return performOnce(step, option)
    for (let waiting = false; ; waiting = true) {
      // First the claim, then the look: whoever had it may have just recorded a result.
      using claim = store.claim(step.claim(), lease)
      if (claim) {
        const found = await step.find()
        if (found) {
          const { byDefinition, imported } = found
          if (imported || !byDefinition) record(step, found.snapshot.id, [step.key(), ...(imported?.keys ?? [])])
          show(vertex, 'cached', { key: step.key(), from: imported?.from })
          return cachedResult(found.snapshot, step.key(), step.renewed)
        }
        const files = step.files()
        return await perform(step, explainer.explain({ vertex, key: step.key(), inputs, files }))
      }
      if (!waiting) {
        report(progress, vertex, { state: 'started' })
        const label = 'waiting for another build that does the same'
        progress({ kind: 'status', vertex: vertex.id, id: 'claim', label, unit: 'items', current: 0 })
      }
      await setTimeout(pollTime, undefined, { signal: stepSignal })
    }
  }

  /** A step that is not looked for in the cache; within this build the same work is still done once. */
  async function performOnce(step: Step, option: string): Promise<Result> {
    const { vertex } = step
    const known = !vertex.operation.outside || step.files() !== undefined
    const same = known ? renewing.get(step.key()) : undefined
    if (same) {
      const result = await same
      show(vertex, 'cached', { key: result.key })
      return result
    }
    const result = perform(step, explainer.disabled(vertex, option))
    if (known) renewing.set(step.key(), result)
    return result
  }

  async function perform(step: Step, miss: CacheMiss): Promise<Result> {
    const { vertex, inputs } = step
    try {
      options.beforeMiss(vertex, miss)
    } catch (error) {
      throw failed(vertex, error)
    }
    using _ = await gate.enter(stepSignal)
    report(progress, vertex, { state: 'started', miss })
    const { id, executed, hash } = await attempt(step, execution, {
      retries: options.retries,
      signal: stepSignal,
    }).catch((error) => {
      throw failed(vertex, error)
    })
    store.snapshots.commit(id, undefined, executed.createdAt)
    step.learn(executed)
    record(step, id, [step.key()])
    const described = hashing.describe(id, inputs[0]!, hash)
    hashing.follow(
      (async () => {
        const chainId = await described
        // The content key can be told once the layers below are hashed.
        record(step, id, [await step.contentKey()])
        const size = store.snapshots.get(id).layer?.size ?? 0
        const written = {
          label: 'layer',
          unit: 'bytes',
          current: size,
          total: size,
          done: true,
          counts: 'written',
        } as const
        progress({ kind: 'status', vertex: vertex.id, id: 'layer', ...written })
        return chainId
      })(),
    )
    show(vertex, 'done', { key: step.key() })
    const { createdAt } = store.snapshots.get(id)
    const renewed = step.renewed || disabled(vertex) !== undefined
    return { snapshot: id, key: step.key(), cached: false, renewed, chainId: () => described, createdAt }
  }

  function record({ vertex, inputs, key, files }: Step, snapshot: SnapshotId, under: readonly string[]): void {
    keep(vertex, { under, key: key(), inputs: inputs.map((input) => input.key), snapshot, files: files() })
  }

  /** Keeps a result under some keys; and, with its definition key, what it was made of. */
  function keep(vertex: OperationVertex, { under, key, inputs, snapshot, files }: Kept): void {
    const { digest: operation, listing } = vertex.operation
    const text = textOf(vertex)
    cache.record(under, { operation, snapshot, description: text })
    if (!under.includes(key)) return
    const account = accountOf(vertex)
    known.add({ key, operation, parent: inputs[0]!, inputs, text, account, files }, listing?.())
  }

  function cachedResult(found: Snapshot, key: string, renewed: boolean): Result {
    const { id, createdAt } = found
    return { snapshot: id, key, cached: true, renewed, chainId: () => hashing.ensure(id), createdAt }
  }

  return {
    counts,
    solve,
    async state(vertex) {
      const result = results.get(vertex)
      if (result) return { key: result.key, snapshot: result.snapshot }
      // A source outside may not be there: whoever asked for the vertex is told.
      const key = await keys.get(vertex)?.catch(() => undefined)
      return { key, snapshot: key === undefined ? undefined : cache.find(key, lease)?.id }
    },
    async stop() {
      stopping.abort(new StrakeError('cancelled', 'cancelled'))
      // What ends may have asked for others first.
      for (let count = 0; count < solved.size; ) {
        count = solved.size
        await Promise.allSettled(solved.values())
      }
    },
    async settled() {
      await hashing.settled()
      if (unseen.length) cache.markSeen(unseen)
    },
  }
}
