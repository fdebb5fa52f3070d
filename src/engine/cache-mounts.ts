import { createReadStream, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CacheMount,
  type CacheMountOwner,
  cacheMountSize,
  forgetCacheMounts,
  listCacheMounts,
  putCacheMount,
  takeCacheMount,
} from '../build/mod.ts'
import { applyLayer, packLayer } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { removeTree } from '../store/mod.ts'
import { checkFile } from './check-file.ts'
import type { Engine } from './engine.ts'
import { booleanFilter, parseFilters, parseMoment } from './filters.ts'

/** A directory that `RUN --mount=type=cache` keeps between builds. */
export interface CacheMountUsage extends CacheMount {
  /** Bytes of its files. */
  readonly size: number
}

/**
 * The cache mounts, the one that was used last at the end. Filters are `id=`, `name=` (a part of it), `inuse=` and
 * `unused-for=24h` (or `until=`). All must hold. Throws `invalid`.
 */
export function cacheMounts(
  { store }: Engine,
  options: { readonly filters?: readonly string[] } = {},
): CacheMountUsage[] {
  const filters = parseFilters(options.filters ?? [], ['id', 'inuse', 'name', 'until', 'unused-for'])
  const inUse = booleanFilter(filters, 'inuse')
  const moments = [...(filters.get('until') ?? []), ...(filters.get('unused-for') ?? [])]
  const before = Math.min(...moments.map((text) => parseMoment(text)))
  return listCacheMounts(store)
    .filter(
      (mount) =>
        (filters.get('id')?.includes(String(mount.id)) ?? true) &&
        (filters.get('name')?.some((part) => mount.name.includes(part)) ?? true) &&
        (inUse === undefined || mount.inUse === inUse) &&
        mount.usedAt < before,
    )
    .map((mount) => ({ ...mount, size: cacheMountSize(store, mount) }))
}

/**
 * The content of a cache mount as a tar: of an id, or of a name's mount that was used last. Throws `not_found`, and `conflict` while
 * a build has it.
 */
export async function* exportCacheMount({ store }: Engine, reference: string): AsyncGenerator<Uint8Array> {
  const mount = found(listCacheMounts(store), reference).at(-1)!
  using lease = store.lease('cache-mount export')
  using _ = takeCacheMount(store, lease, mount)
  for await (const chunk of packLayer(mount.path)) yield Buffer.from(chunk)
}

export interface ImportCacheMountOptions extends CacheMountOwner {
  readonly signal?: AbortSignal | undefined
}

/**
 * Fills the cache mount of a name from a tar of any compression, in the place of what it had. A mount with owner or mode in the
 * Dockerfile wants the same ones here.
 *
 * @param source a file, or the bytes
 * @throws `corrupt` for what is no tar, `conflict` while a build has the mount, `cancelled`.
 */
export async function importCacheMount(
  { store }: Engine,
  name: string,
  source: string | AsyncIterable<Uint8Array>,
  { signal, ...owner }: ImportCacheMountOptions = {},
): Promise<void> {
  const archive = typeof source === 'string' ? createReadStream(checkFile(source)) : source
  if (name === '') throw new StrakeError('invalid', 'a cache mount has a name: its id, or its target')
  using lease = store.lease('cache-mount import')
  const draft = mkdtempSync(join(store.root, 'ingest', `${lease.id}-cache-mount-`))
  try {
    mkdirSync(join(draft, 'fs'))
    await applyLayer(join(draft, 'fs'), archive, { signal, whiteouts: 'keep' })
    putCacheMount(store, draft, { name, description: 'imported', ...owner })
  } finally {
    removeTree(draft)
  }
}

/** Removes cache mounts by id or by name. Throws `not_found`, and `conflict` while a build has one of them. */
export function removeCacheMount({ store }: Engine, reference: string): void {
  const mounts = found(listCacheMounts(store), reference)
  const used = mounts.find(({ inUse }) => inUse)
  if (used) throw new StrakeError('conflict', `the cache mount ${used.name} is in use by a build`)
  forgetCacheMounts(
    store,
    mounts.map(({ id }) => id),
  )
  store.collect()
}

function found(mounts: readonly CacheMount[], reference: string): CacheMount[] {
  const named = mounts.filter(({ name }) => name === reference)
  const found = named.length > 0 ? named : mounts.filter(({ id }) => String(id) === reference)
  if (found.length > 0) return found
  throw new StrakeError('not_found', `no such cache mount: ${reference}`, {
    hint: 'They are listed by: strake cache-mount ls',
  })
}
