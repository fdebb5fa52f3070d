import { hashLayer } from '../layers/mod.ts'
import { type ProgressSink, StrakeError } from '../lib/mod.ts'
import type { ChainId, Digest } from '../oci/mod.ts'
import type { Snapshot, SnapshotId, Store } from '../store/mod.ts'
import { type BuildCache, keyOf } from './cache.ts'
import type { Execution } from './execution.ts'
import type { ConfigVertex, OperationVertex, Result, Vertex } from './graph.ts'

export interface SolverOptions {
  readonly execution: Execution
  readonly cache: BuildCache
  /** Do every step anew. Results are recorded all the same. */
  readonly noCache: boolean
}

export interface Solver {
  solve(vertex: Vertex): Promise<Result>
  /** Waits until every layer that was made has its hash. */
  settled(): Promise<void>
  /** Steps that were shown, and those of them that were cached. */
  readonly counts: { steps: number; cached: number }
}

/**
 * Finds the result of a vertex: by its definition key before anything below it is even looked at; then, when its inputs
 * are there, by its content key; and by doing it. Each vertex is solved once, and so is each key.
 */
export function createSolver({ execution, cache, noCache }: SolverOptions): Solver {
  const { store, lease, progress, signal } = execution
  const solved = new Map<Vertex, Promise<Result>>()
  const keys = new Map<Vertex, Promise<string | undefined>>()
  const running = new Map<string, Promise<Result>>()
  const shown = new Set<Vertex>()
  const hashing = createHashing(store)
  const unseen: string[] = []
  const counts = { steps: 0, cached: 0 }

  function show(vertex: Vertex, state: 'cached' | 'done'): void {
    if (shown.has(vertex)) return
    shown.add(vertex)
    counts.steps++
    if (state === 'cached') counts.cached++
    report(progress, vertex, state)
  }

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
    const { outside, digest } = vertex.operation
    const read = outside && (await outside(!noCache && cache.knows(digest)))
    if (outside && !read) return undefined
    return inputs.includes(undefined) ? undefined : keyOf('definition', digest, read, ...inputs)
  }

  function solve(vertex: Vertex): Promise<Result> {
    let result = solved.get(vertex)
    if (!result) {
      result = start(vertex)
      solved.set(vertex, result)
    }
    return result
  }

  async function start(vertex: Vertex): Promise<Result> {
    if (vertex.kind === 'source') {
      show(vertex, 'done')
      const { snapshot, chainId } = vertex
      const createdAt = snapshot === undefined ? 0 : store.snapshots.get(snapshot).createdAt
      return { snapshot, key: chainId ?? 'scratch', cached: true, chainId: async () => chainId, createdAt }
    }
    if (vertex.kind === 'config') {
      const result = await solve(vertex.input)
      showConfig(vertex, result.key, result.cached)
      return result
    }
    const key = await keyBefore(vertex).catch((error) => {
      throw failed(vertex, error)
    })
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
    const found = noCache ? undefined : cache.find(key, lease)
    if (!found) return solveFromInputs(vertex)
    await showCached(vertex)
    return cachedResult(found, key)
  }

  /** A step whose result is known: all that it stands on is not needed, and counts as cached too. */
  async function showCached(vertex: Vertex): Promise<void> {
    if (shown.has(vertex)) return
    if (vertex.kind === 'source') return show(vertex, 'done')
    const inputs = vertex.kind === 'config' ? [vertex.input] : vertex.inputs
    for (const input of inputs) await showCached(input)
    if (vertex.kind === 'config') return showConfig(vertex, (await keyBefore(vertex)) ?? '', true)
    show(vertex, 'cached')
  }

  function showConfig(vertex: ConfigVertex, below: string, cached: boolean): void {
    const key = keyOf('config', below, vertex.step?.text)
    const seen = !noCache && cached && cache.seen(key)
    if (!seen) unseen.push(key)
    show(vertex, seen ? 'cached' : 'done')
  }

  async function solveFromInputs(vertex: OperationVertex): Promise<Result> {
    const inputs = await Promise.all(vertex.inputs.map(solve))
    signal?.throwIfAborted()
    const { operation } = vertex
    const definition = inputs.map((input) => input.key)
    let outside = operation.outside && (await operation.outside(!noCache && cache.knows(operation.digest)))
    const definitionKey = () => keyOf('definition', operation.digest, outside, ...definition)
    let contents: Digest | undefined
    const contentKey = async () => {
      contents ??= await operation.contents?.(execution, inputs)
      const chains = await Promise.all((contents ? inputs.slice(0, 1) : inputs).map((input) => input.chainId()))
      return keyOf('content', operation.digest, outside, contents, ...chains)
    }
    if (!noCache && cache.knows(operation.digest) && (!operation.outside || outside)) {
      const key = definitionKey()
      const byDefinition = (await keyBefore(vertex)) === undefined ? cache.find(key, lease) : undefined
      const found = byDefinition ?? cache.find(await contentKey(), lease)
      if (found) {
        if (!byDefinition) record(vertex, [key], found.id)
        show(vertex, 'cached')
        return cachedResult(found, key)
      }
    }
    report(progress, vertex, 'started')
    const layer = store.snapshots.prepare(inputs[0]!.snapshot, lease)
    let executed: Awaited<ReturnType<typeof operation.execute>>
    try {
      executed = await operation.execute(execution, layer, inputs)
    } catch (error) {
      store.snapshots.discard(layer.id)
      throw failed(vertex, error)
    }
    store.snapshots.commit(layer.id)
    outside ??= executed.outside
    contents ??= executed.contents
    const key = definitionKey()
    record(vertex, [key], layer.id)
    const described = hashing.describe(layer.id, inputs[0]!, executed.layer ?? hashLayer(layer.dir, { signal }))
    hashing.follow(
      (async () => {
        const chainId = await described
        // The content key can be told once the layers below are hashed.
        record(vertex, [await contentKey()], layer.id)
        return chainId
      })(),
    )
    show(vertex, 'done')
    const { createdAt } = store.snapshots.get(layer.id)
    return { snapshot: layer.id, key, cached: false, chainId: () => described, createdAt }
  }

  /** Shows that the vertex failed, unless it is known; the error, with the place where the vertex is asked for. */
  function failed(vertex: Vertex, error: unknown): unknown {
    if (shown.has(vertex) || !(error instanceof Error)) return error
    const cancelled = error instanceof StrakeError && error.code === 'cancelled'
    shown.add(vertex)
    report(progress, vertex, cancelled ? 'cancelled' : 'failed', error.message)
    if (!(error instanceof StrakeError) || error.range || !vertex.range) return error
    const { code, message, hint, exitCode, cause } = error
    return new StrakeError(code, message, { hint, exitCode, cause, range: vertex.range })
  }

  function record(vertex: OperationVertex, under: readonly string[], snapshot: SnapshotId): void {
    const description = vertex.step?.text ?? vertex.name
    cache.record(under, { operation: vertex.operation.digest, snapshot, description })
  }

  function cachedResult(found: Snapshot, key: string): Result {
    return {
      snapshot: found.id,
      key,
      cached: true,
      chainId: () => hashing.ensure(found.id),
      createdAt: found.createdAt,
    }
  }

  return {
    counts,
    solve,
    async settled() {
      await hashing.settled()
      if (unseen.length) cache.markSeen(unseen)
    },
  }
}

function report(
  progress: ProgressSink,
  vertex: Vertex,
  state: 'started' | 'cached' | 'done' | 'failed' | 'cancelled',
  reason?: string,
): void {
  progress({
    kind: 'vertex',
    id: vertex.id,
    name: vertex.name,
    state,
    at: Date.now(),
    ...(vertex.step && { step: vertex.step }),
    ...(reason && { reason }),
  })
}

type LayerHash = Awaited<ReturnType<typeof hashLayer>>

/** Gives snapshots their layer's hash, bottom-up, while the build goes on. */
function createHashing(store: Store) {
  const pending = new Map<SnapshotId, Promise<ChainId | undefined>>()
  const followers: Promise<unknown>[] = []

  function describe(id: SnapshotId, below: Result | undefined, layer: LayerHash | Promise<LayerHash>) {
    const done = (async () => {
      const info = await layer
      await below?.chainId()
      store.snapshots.describe(id, info)
      return store.snapshots.get(id).chainId
    })()
    pending.set(id, done)
    follow(done)
    return done
  }

  /** The hash of a snapshot of an earlier build that ended before it was hashed. */
  function ensure(id: SnapshotId): Promise<ChainId | undefined> {
    const known = pending.get(id)
    if (known) return known
    const snapshot = store.snapshots.get(id)
    if (snapshot.chainId) return Promise.resolve(snapshot.chainId)
    const done = (async () => {
      if (snapshot.parent !== undefined) await ensure(snapshot.parent)
      if (!store.snapshots.get(id).chainId) store.snapshots.describe(id, await hashLayer(store.snapshots.dir(id)))
      return store.snapshots.get(id).chainId
    })()
    pending.set(id, done)
    follow(done)
    return done
  }

  function follow(work: Promise<unknown>): void {
    // Its error is thrown by `settled`, or by whoever waits for it.
    work.catch(() => {})
    followers.push(work)
  }

  return {
    describe,
    ensure,
    follow,
    async settled() {
      for (let i = 0; i < followers.length; i++) await followers[i]
    },
  }
}
