import { hashLayer } from '../layers/mod.ts'
import type { ChainId } from '../oci/mod.ts'
import type { SnapshotId, Store } from '../store/mod.ts'
import type { Result } from './graph.ts'

type LayerHash = Awaited<ReturnType<typeof hashLayer>>

/** Gives snapshots their layer's hash, bottom-up, while the build goes on. */
export function createHashing(store: Store) {
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
      if (!store.snapshots.get(id).chainId) store.snapshots.describe(id, await hashLayer(store.snapshots.dirs(id)))
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
