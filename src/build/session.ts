import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Images } from '../images/mod.ts'
import { type OperationOptions, StrakeError } from '../lib/mod.ts'
import { bridge, namespacePool } from '../network/mod.ts'
import type { Digest } from '../oci/mod.ts'
import { type HostTrust, hostTrust } from '../runtime/mod.ts'
import { ownerIdentity, removeTree, type Store } from '../store/mod.ts'
import { openBuildCache } from './cache.ts'
import type { Execution } from './execution.ts'
import { createExplainer } from './explain.ts'
import type { Vertex } from './graph.ts'
import { type BuildSubject, recordBuild } from './records/recorder.ts'
import { openKnownSteps } from './records/steps.ts'
import type { BuildRecord } from './records/types.ts'
import { announce } from './report.ts'
import { requireCached } from './require-cache.ts'
import { openSecrets } from './secrets.ts'
import { createSolver, type Solver } from './solver.ts'
import { openSshAgents } from './ssh.ts'
import { type FinishedSteps, finishedSteps } from './transfer/finished.ts'
import type { SolveOptions } from './types.ts'

/** A build that is under way, whatever its graph is made from. */
export interface Session {
  /** The build's, and when it began (milliseconds since the epoch). */
  readonly id: string
  readonly startedAt: number
  readonly execution: Execution
  /** Solves a graph: `tops` are what will be asked for. */
  solver(tops: readonly Vertex[]): Solver
  /** What of that graph is done or found by now. */
  finished(): Promise<FinishedSteps>
}

/**
 * Holds a lease, a scratch folder and namespaces while `body` builds, and keeps a record of the build, however it ends. Its
 * cache is exported then, also that of a build that failed.
 */
export async function inSession<T extends { readonly id: Digest }>(
  { store, images }: { readonly store: Store; readonly images: Images },
  { subject, options }: { readonly subject: BuildSubject; readonly options: SolveOptions },
  body: (session: Session) => Promise<T>,
): Promise<T> {
  const { signal, onRecord = () => {}, onFailure } = options
  const startedAt = Date.now()
  const recorder = recordBuild(store, subject, ownerIdentity())
  const progress: Execution['progress'] = (event) => {
    recorder.sink(event)
    options.progress?.(event)
  }
  try {
    using lease = store.lease('build')
    using scratch = scratchDirectory(store, lease.id)
    using ssh = await openSshAgents(options.ssh ?? {}, scratch.path)
    using namespaces = namespacePool(bridge(store))
    const cache = openBuildCache(store)
    const known = openKnownSteps(store, subject.project)
    const noCache = options.noCache ?? false
    const execution: Execution = {
      store,
      lease,
      scratch: scratch.path,
      materials: [],
      namespaces,
      trust: createTrust({ ...options, progress }),
      secrets: openSecrets(options.secrets),
      ssh,
      earlier: (operation) => (noCache ? [] : cache.layersOf(operation, lease)),
      onFailure,
      progress,
      signal,
    }
    using imports = options.cacheFrom?.length
      ? (await import('./transfer/import.ts')).openImports(execution, images, options.cacheFrom)
      : undefined
    let solving: { readonly solver: Solver; readonly tops: readonly Vertex[] } | undefined
    const finished = async () =>
      solving ? finishedSteps(solving.solver, cache, solving.tops) : { steps: [], known: [] }
    const exportTo = async (failed: boolean) => {
      const targets = (options.cacheTo ?? []).filter((target) => target.kind !== 'inline')
      if (targets.length === 0 || !solving) return
      const { exportCaches } = await import('./transfer/export.ts')
      await exportCaches({ workspace: execution, images, imports, finished: await finished(), failed }, targets)
    }
    const session: Session = {
      id: recorder.id,
      startedAt,
      execution,
      finished,
      solver(tops) {
        announce(progress, tops)
        const solver = createSolver({
          execution,
          cache,
          imports,
          known,
          explainer: createExplainer(store, known),
          disabled: disabledSteps(options),
          beforeMiss: requireCached(options.requireCache, tops),
          maxParallelism: options.maxParallelism ?? Number.POSITIVE_INFINITY,
          retries: options.retries ?? 0,
        })
        solving = { solver, tops }
        return solver
      },
    }
    const result = await body(session).catch(async (error: unknown) => {
      // They work in our scratch folder.
      await solving?.solver.stop()
      if (!signal?.aborted) {
        // Whatever else goes wrong now, it is not why the build failed.
        await solving?.solver.settled().catch(() => {})
        await exportTo(true)
      }
      throw error
    })
    await exportTo(false)
    onRecord(recorder.finish({ status: 'completed', image: result.id }))
    return result
  } catch (error) {
    onRecord(recorder.finish(endOf(error, signal)))
    throw error
  }
}

function endOf(error: unknown, signal: AbortSignal | undefined): Pick<BuildRecord, 'status' | 'error'> {
  const cancelled = signal?.aborted || (error instanceof StrakeError && error.code === 'cancelled')
  if (cancelled) return { status: 'cancelled' }
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof StrakeError ? error.hint : undefined
  return { status: 'failed', error: { message, ...(hint && { hint }) } }
}

function disabledSteps({ noCache = false, noCacheFilter = [] }: SolveOptions): (vertex: Vertex) => string | undefined {
  const stages = new Set(noCacheFilter.map((name) => name.toLowerCase()))
  return ({ stage }) => {
    if (noCache) return '--no-cache'
    return stage !== undefined && stages.has(stage.toLowerCase()) ? `--no-cache-filter ${stage}` : undefined
  }
}

/** Found and announced when the first step that runs wants it. */
function createTrust({ ca = 'auto', progress = () => {} }: SolveOptions & OperationOptions): () => HostTrust {
  let trust: HostTrust | undefined
  return () => {
    if (trust) return trust
    trust = hostTrust(process.env, ca)
    if (trust.announcement) progress({ kind: 'notice', level: 'info', message: trust.announcement })
    for (const message of trust.warnings) progress({ kind: 'notice', level: 'warning', message })
    return trust
  }
}

function scratchDirectory(store: Store, lease: number): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(store.root, 'ingest', `${lease}-build-`))
  return { path, [Symbol.dispose]: () => removeTree(path) }
}
