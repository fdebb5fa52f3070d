import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { StrakeError } from '../lib/mod.ts'
import { type Lease, type Store, treeSize } from '../store/mod.ts'

/** A directory that RUN --mount=type=cache keeps between builds. Times are milliseconds since the epoch. */
export interface CacheMount {
  readonly id: number
  /** The mount's `id`, by default its target. */
  readonly name: string
  /** What made it: `RUN …`. */
  readonly description: string
  readonly createdAt: number
  readonly usedAt: number
  readonly uses: number
  /** A step that runs now has it. */
  readonly inUse: boolean
  readonly path: string
  /** Bytes of its files, if no step had it since they were counted. */
  readonly size: number | undefined
}

/** Owner and mode that a new cache mount gets; with one of them it is another one than without. */
export interface CacheMountOwner {
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

/**
 * Tells which cache mounts are the same: those of a name, but for owner, mode and what they are filled with.
 *
 * @param filled what a new one is filled with: it, and where in it
 */
export function cacheMountKey(name: string, { mode, uid, gid }: CacheMountOwner, filled?: readonly string[]): string {
  const special = [mode, uid, gid, ...(filled ?? [])]
  if (special.every((part) => part === undefined)) return name
  return `${name}\n${JSON.stringify(special.map((part) => part ?? null))}`
}

/** A cache mount that a step asks for. */
export interface WantedCacheMount {
  /** Mounts with the same key are the same: name, owner and mode, what it is filled with. */
  readonly key: string
  readonly name: string
  readonly description: string
  /**
   * `shared`: with others that share. `private`: one that nobody has, or a new one. `locked`: nobody else may have it; the
   * step waits until it is free.
   */
  readonly sharing: 'shared' | 'private' | 'locked'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Fills a new one, in a directory that nobody else sees. */
  readonly fill: ((directory: string) => Promise<void>) | undefined
}

/** Cache mounts that a step has; it gives them back by disposing. */
export interface HeldCacheMounts extends Disposable {
  /** Their directories, in the order in which they were asked for. */
  readonly paths: readonly string[]
}

const waitMs = 100

/**
 * Takes all the mounts or none of them, so that two steps that want the same ones never wait for each other. A mount is
 * made when it is not there. What a process that has ended held is free. Throws `cancelled`.
 *
 * @param drafts a directory of this build, on the store's file system, in which new mounts are filled
 * @param onWait called once, when the first one has to be waited for
 */
export async function holdCacheMounts(
  { store, lease, signal, drafts }: HoldContext,
  wanted: readonly WantedCacheMount[],
  onWait: (mount: WantedCacheMount) => void,
): Promise<HeldCacheMounts> {
  const filled = new Map<WantedCacheMount, string>()
  for (let waiting = false; ; ) {
    signal?.throwIfAborted()
    const tried = store.transaction(() => tryHold(store, lease, { wanted, filled }))
    if ('held' in tried) {
      const { held } = tried
      return {
        paths: held.map(({ mount }) => join(directory(store, mount), 'fs')),
        [Symbol.dispose]: () => release(store, held),
      }
    }
    if ('empty' in tried) {
      const draft = join(drafts, `cache-${filled.size}`)
      makeRoot(draft, tried.empty)
      await tried.empty.fill?.(join(draft, 'fs'))
      filled.set(tried.empty, draft)
      continue
    }
    if (!waiting) onWait(tried.busy)
    waiting = true
    await setTimeout(waitMs, undefined, { signal }).catch((cause) => {
      throw new StrakeError('cancelled', 'cancelled', { cause })
    })
  }
}

export interface HoldContext {
  readonly store: Store
  readonly lease: Lease
  readonly signal: AbortSignal | undefined
  readonly drafts: string
}

type Tried =
  | { readonly held: readonly Hold[] }
  | { readonly busy: WantedCacheMount }
  /** It is to be made, and has to be filled first. */
  | { readonly empty: WantedCacheMount }

interface Hold {
  readonly mount: number
  readonly user: number
}

function tryHold(
  store: Store,
  lease: Lease,
  { wanted, filled }: { wanted: readonly WantedCacheMount[]; filled: ReadonlyMap<WantedCacheMount, string> },
): Tried {
  const found = wanted.map((want) => ({ want, id: find(store, want) }))
  for (const { want, id } of found) {
    if (id === 'busy') return { busy: want }
    if (id === undefined && want.fill && !filled.has(want)) return { empty: want }
  }
  const now = Date.now()
  return {
    held: found.map(({ want, id }) => {
      const mount = typeof id === 'number' ? id : make(store, want, filled.get(want))
      store.db.prepare('UPDATE cache_mounts SET used_at = ?, uses = uses + 1 WHERE id = ?').run(now, mount)
      const { lastInsertRowid } = store.db
        .prepare('INSERT INTO cache_mount_users (cache_mount, lease, exclusive) VALUES (?, ?, ?)')
        .run(mount, lease.id, want.sharing === 'shared' ? 0 : 1)
      return { mount, user: Number(lastInsertRowid) }
    }),
  }
}

/** One that may be taken; undefined where one has to be made. */
function find(store: Store, { key, sharing }: WantedCacheMount): number | 'busy' | undefined {
  const look = () =>
    store.db
      .prepare(
        `SELECT cache_mounts.id, count(lease) AS users, max(exclusive) AS exclusive
         FROM cache_mounts LEFT JOIN cache_mount_users ON cache_mount = cache_mounts.id
         WHERE key = ? GROUP BY cache_mounts.id ORDER BY cache_mounts.id`,
      )
      .all(key) as { id: number; users: number; exclusive: number | null }[]
  let rows = look()
  if (rows.some(({ users }) => users > 0)) {
    store.dropVoidLeases()
    rows = look()
  }
  const free = rows.find(({ users, exclusive }) => users === 0 || (sharing === 'shared' && !exclusive))
  if (free) return free.id
  return sharing === 'locked' && rows.length > 0 ? 'busy' : undefined
}

function make(
  store: Store,
  want: Pick<WantedCacheMount, 'key' | 'name' | 'description'> & Partial<WantedCacheMount>,
  draft: string | undefined,
): number {
  const now = Date.now()
  const { lastInsertRowid } = store.db
    .prepare('INSERT INTO cache_mounts (key, name, description, created_at, used_at) VALUES (?, ?, ?, ?, ?)')
    .run(want.key, want.name, want.description, now, now)
  const id = Number(lastInsertRowid)
  const path = directory(store, id)
  // An id that a killed process took, whose transaction nobody saw.
  if (existsSync(path)) renameSync(path, join(store.root, 'trash', `cache-mount-${id}-${now}`))
  if (draft) renameSync(draft, path)
  else makeRoot(path, { mode: 0o755, uid: 0, gid: 0, ...want })
  return id
}

function makeRoot(path: string, { mode, uid, gid }: Pick<WantedCacheMount, 'mode' | 'uid' | 'gid'>): void {
  mkdirSync(path, { mode: 0o711 })
  const root = join(path, 'fs')
  mkdirSync(root)
  chownSync(root, uid, gid)
  chmodSync(root, mode)
}

function release(store: Store, held: readonly Hold[]): void {
  // Without the store, it is void when the process ends.
  if (!store.db.isOpen) return
  store.transaction(() => {
    for (const { mount, user } of held) {
      store.db.prepare('DELETE FROM cache_mount_users WHERE id = ?').run(user)
      store.db.prepare('UPDATE cache_mounts SET used_at = ? WHERE id = ?').run(Date.now(), mount)
    }
  })
}

function directory(store: Store, id: number): string {
  return join(store.root, 'cache-mounts', String(id))
}

/** All cache mounts, the one that was used last at the end. */
export function listCacheMounts(store: Store): CacheMount[] {
  store.dropVoidLeases()
  return store.db
    .prepare(
      `SELECT id, name, description, created_at AS createdAt, used_at AS usedAt, uses,
         CASE WHEN measured_at > used_at THEN size END AS size,
         EXISTS (SELECT 1 FROM cache_mount_users WHERE cache_mount = cache_mounts.id) AS inUse
       FROM cache_mounts ORDER BY used_at, id`,
    )
    .all()
    .map(
      (row) => row as unknown as Omit<CacheMount, 'inUse' | 'path' | 'size'> & { inUse: number; size: number | null },
    )
    .map((row) => ({
      ...row,
      inUse: row.inUse === 1,
      path: join(directory(store, row.id), 'fs'),
      size: row.size ?? undefined,
    }))
}

/** Bytes of a cache mount's files; counted where that is not known, which is kept for the next one who asks. */
export function cacheMountSize(store: Store, { id, path, size }: Pick<CacheMount, 'id' | 'path' | 'size'>): number {
  if (size !== undefined) return size
  const at = Date.now()
  const counted = treeSize(path)
  store.transaction(() =>
    store.db.prepare('UPDATE cache_mounts SET size = ?, measured_at = ? WHERE id = ?').run(counted, at, id),
  )
  return counted
}

/** Takes a mount for itself. Throws `conflict` while a step has it. */
export function takeCacheMount(store: Store, lease: Lease, { id, name }: Pick<CacheMount, 'id' | 'name'>): Disposable {
  return store.transaction(() => {
    store.dropVoidLeases()
    if (store.db.prepare('SELECT 1 FROM cache_mount_users WHERE cache_mount = ?').get(id)) throw inUse(name)
    const { lastInsertRowid } = store.db
      .prepare('INSERT INTO cache_mount_users (cache_mount, lease, exclusive) VALUES (?, ?, 1)')
      .run(id, lease.id)
    const remove = store.db.prepare('DELETE FROM cache_mount_users WHERE id = ?')
    return { [Symbol.dispose]: () => store.transaction(() => remove.run(lastInsertRowid)) }
  })
}

/**
 * Makes a cache mount of a directory, which is moved into the store, in the place of the one that was there. Throws `conflict`
 * while a step has that.
 *
 * @param draft holds the content as `fs`; on the store's file system
 */
export function putCacheMount(
  store: Store,
  draft: string,
  { name, description, ...owner }: { readonly name: string; readonly description: string } & CacheMountOwner,
): void {
  const key = cacheMountKey(name, owner)
  const root = join(draft, 'fs')
  chownSync(root, owner.uid ?? 0, owner.gid ?? 0)
  chmodSync(root, owner.mode ?? 0o755)
  store.transaction(() => {
    store.dropVoidLeases()
    const row = store.db.prepare('SELECT id FROM cache_mounts WHERE key = ? ORDER BY id').get(key)
    if (!row) {
      make(store, { key, name, description }, draft)
      return
    }
    const id = Number(row.id)
    if (store.db.prepare('SELECT 1 FROM cache_mount_users WHERE cache_mount = ?').get(id)) throw inUse(name)
    store.db.prepare('DELETE FROM cache_mounts WHERE id = ?').run(id)
    make(store, { key, name, description }, draft)
  })
}

function inUse(name: string): StrakeError {
  return new StrakeError('conflict', `the cache mount ${name} is in use by a build`, {
    hint: 'Wait until the build ends.',
  })
}

/** Removes those of the mounts that no step has. Their files go with the next collection. */
export function forgetCacheMounts(store: Store, ids: readonly number[]): void {
  const remove = store.db.prepare(
    'DELETE FROM cache_mounts WHERE id = ? AND id NOT IN (SELECT cache_mount FROM cache_mount_users)',
  )
  store.transaction(() => {
    for (const id of ids) remove.run(id)
  })
}
