import { type Images, unpackLayers } from '../../images/mod.ts'
import { limiter, StrakeError, settled } from '../../lib/mod.ts'
import type { Descriptor, Digest } from '../../oci/mod.ts'
import { copyBlob, openRegistries, StoreBlobs } from '../../registry/mod.ts'
import type { Snapshot, SnapshotId } from '../../store/mod.ts'
import type { Workspace } from '../execution.ts'
import type { Operation, OperationVertex } from '../graph.ts'
import { openPlace } from './place.ts'
import { inlineField, type RemoteCache, type RemoteLayer, readCaches, readPlace } from './read.ts'
import type { CacheSource } from './types.ts'

/** The caches of other builds. Nothing is asked of them before something is looked for that is not here. */
export interface Imports extends Disposable {
  /** Whether any record may have this operation. */
  knows(operation: Operation): Promise<boolean>
  /** Whether a step without a layer was done under one of these keys. */
  seen(keys: readonly string[]): Promise<boolean>
  /**
   * The result of a key, or of the vertex in a cache of BuildKit's. Its layers are brought here, as far as they are not.
   */
  find(key: string, vertex?: OperationVertex): Promise<Imported | undefined>
  /** The same, if all of its layers are here already. */
  here(key: string, vertex: OperationVertex): Promise<Imported | undefined>
  /** The caches themselves, for an export that hands them on. */
  caches(): Promise<readonly RemoteCache[]>
}

/** The result of a step, from the cache of another build, now held by the lease. */
export interface Imported {
  readonly snapshot: Snapshot
  /** Other keys of the same operation that have the same result. */
  readonly keys: readonly string[]
  /** The cache's name. */
  readonly from: string
}

/** What fails there is told as a warning, and is a miss. */
export function openImports(workspace: Workspace, images: Images, sources: readonly CacheSource[]): Imports {
  const { store, lease, progress, signal } = workspace
  const registries = openRegistries({ signal })
  let bringing: Promise<unknown> = Promise.resolve()
  const warned = new Set<string>()
  let loaded: Promise<readonly RemoteCache[]> | undefined
  let vertices = 0

  function caches(): Promise<readonly RemoteCache[]> {
    loaded ??= Promise.all(sources.map(load)).then((all) => all.flat())
    return loaded
  }

  async function load(source: CacheSource): Promise<RemoteCache[]> {
    const place = openPlace(source, { registries, access: 'pull', images })
    return shown(`importing cache manifest from ${place.name}`, async () => {
      try {
        const here = source.kind === 'registry' ? await inlineHere(source.ref) : []
        if (here.length) return here
        return await readPlace(place)
      } catch (error) {
        warn(`importing cache manifest from ${place.name}`, error)
        return []
      }
    })
  }

  /** An image of the store that has its cache with it, as docker prefers it. */
  async function inlineHere(ref: string): Promise<RemoteCache[]> {
    const image = images.find(ref)
    if (!image || !(inlineField in images.config(image))) return []
    const blobs = new StoreBlobs(store, lease)
    return readCaches({ name: ref, fetch: (descriptor, from) => blobs.fetch(descriptor, from) }, image.manifest)
  }

  /** The results of a step, our own first. */
  function resultsOf(cache: RemoteCache, key: string, vertex: OperationVertex | undefined): RemoteLayer[] {
    const own = cache.results(key)
    if (own.length || !vertex || !cache.hasBuildKit) return own
    return cache.buildkit(vertex).flatMap((place) => cache.resultsAt(place))
  }

  async function find(key: string, vertex?: OperationVertex): Promise<Imported | undefined> {
    for (const cache of await caches()) {
      for (const layer of resultsOf(cache, key, vertex)) {
        try {
          const snapshot = store.snapshots.byChain(layer.chainId, lease) ?? (await fetch(cache, layer))
          return { snapshot, keys: cache.sameAs(key), from: cache.name }
        } catch (error) {
          signal?.throwIfAborted()
          warn(`importing a layer from ${cache.name}`, error)
        }
      }
    }
    return undefined
  }

  /** One after the other: what they stand on is the same, as a rule. */
  function fetch(cache: RemoteCache, top: RemoteLayer): Promise<Snapshot> {
    const work = bringing.then(() => shown(`importing from ${cache.name}`, (vertex) => bring(cache, top, vertex)))
    bringing = work.catch(() => {})
    return work
  }

  /** Brings the layers that are not here: their blobs come side by side, and are unpacked while they come. */
  async function bring(cache: RemoteCache, top: RemoteLayer, vertex: string): Promise<Snapshot> {
    const stack: RemoteLayer[] = []
    for (let layer: RemoteLayer | undefined = top; layer; layer = layer.parent) stack.unshift(layer)
    const blobs = new StoreBlobs(store, lease)
    const limit = limiter(3)
    const arriving = new Map<Digest, Promise<void>>()
    const layers = stack.map(({ chainId, diffId, descriptor, createdAt }) => {
      const known = store.snapshots.byChain(chainId, lease)?.id
      if (known === undefined && !arriving.has(descriptor.digest)) {
        const arrived = limit(() => copyBlob(cache.blobs, blobs, descriptor, watch(vertex, descriptor)))
        arrived.catch((error) => blobs.fail(error))
        arriving.set(descriptor.digest, arrived)
      }
      const { digest } = descriptor
      const open = () => blobs.share(descriptor)
      return { digest, diffId, known, open, arrived: arriving.get(digest), createdAt }
    })
    let snapshot: SnapshotId | undefined
    const unpacking = async () => {
      snapshot = await unpackLayers(store, layers, { lease, signal })
    }
    await settled([...arriving.values(), unpacking()])
    return store.snapshots.get(snapshot!)
  }

  function watch(vertex: string, { digest, size }: Descriptor) {
    const status = { kind: 'status', vertex, id: digest, label: digest.slice(7, 19), unit: 'bytes' } as const
    const update = (current: number, done = false) =>
      progress({ ...status, current, total: size, ...(done && { done, counts: 'read' }) })
    return { update, done: () => update(size, true) }
  }

  async function shown<T>(name: string, work: (vertex: string) => Promise<T>): Promise<T> {
    const vertex = { kind: 'vertex', id: `import ${++vertices}`, name } as const
    progress({ ...vertex, state: 'started', at: Date.now() })
    let state: 'done' | 'failed' = 'failed'
    try {
      const result = await work(vertex.id)
      state = 'done'
      return result
    } finally {
      // What fails here is no failure of the build: the warning tells of it.
      progress({ ...vertex, state: state === 'done' ? state : 'cancelled', at: Date.now() })
    }
  }

  /** Once for each sentence: many steps may want the same layer. Throws what is no fault of the cache's. */
  function warn(doing: string, error: unknown): void {
    if (!(error instanceof StrakeError) || error.code === 'cancelled' || signal?.aborted) throw error
    const message = `${doing}: ${error.message}`
    if (warned.has(message)) return
    warned.add(message)
    progress({ kind: 'notice', level: 'warning', message })
  }

  return {
    caches,
    find,
    async knows(operation) {
      const { digest, buildkit } = operation
      return (await caches()).some((cache) => cache.has(digest) || (buildkit && cache.hasBuildKit))
    },
    async seen(keys) {
      return (await caches()).some((cache) => keys.some((key) => cache.has(key)))
    },
    async here(key, vertex) {
      for (const cache of await caches()) {
        for (const { chainId } of resultsOf(cache, key, vertex)) {
          const snapshot = store.snapshots.byChain(chainId, lease)
          if (snapshot) return { snapshot, keys: cache.sameAs(key), from: cache.name }
        }
      }
      return undefined
    },
    [Symbol.dispose]: () => registries[Symbol.dispose](),
  }
}
