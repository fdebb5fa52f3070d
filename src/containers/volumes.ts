import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { openDirectory, sys } from '../host/mod.ts'
import { errno, makeFolder, StrakeError } from '../lib/mod.ts'
import { removeTree, type Store, treeSize } from '../store/mod.ts'
import { checkVolumeName } from './mount-options.ts'
import { randomId } from './random-id.ts'
import { allContainers } from './records.ts'
import type { ContainerMount, Context, Volume } from './types.ts'

/** All volumes, in order of names. */
export function listVolumes({ store }: Context): Volume[] {
  return store.db
    .prepare('SELECT * FROM volumes ORDER BY name')
    .all()
    .map((row) => toVolume(store, row))
}

/** Throws `not_found` in docker's words. */
export function getVolume({ store }: Context, name: string): Volume {
  const row = store.db.prepare('SELECT * FROM volumes WHERE name = ?').get(name)
  if (!row) throw new StrakeError('not_found', `get ${name}: no such volume`)
  return toVolume(store, row)
}

/** Makes a volume, or gives the one that has the name. Without a name it gets a random one. */
export function createVolume(
  context: Context,
  {
    name = randomId(),
    labels = {},
  }: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): Volume {
  const { store } = context
  mkdirSync(volumePath(store, checkVolumeName(name)), { recursive: true })
  store.transaction(() =>
    store.db
      .prepare('INSERT OR IGNORE INTO volumes (name, created_at, labels) VALUES (?, ?, ?)')
      .run(name, Date.now(), JSON.stringify(labels)),
  )
  return getVolume(context, name)
}

/** Removes a volume and its files. Throws `not_found`, and `conflict` while a container has it. */
export function removeVolume(context: Context, name: string): void {
  const { store } = context
  store.transaction(() => {
    getVolume(context, name)
    const users = volumeUsers(context).get(name)
    if (users) {
      throw new StrakeError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`, {
        hint: 'Remove the containers first, stopped ones too: strake rm',
      })
    }
    // The files go first: a row whose files are gone can be removed again, files without a row by nobody.
    removeTree(join(volumePath(store, name), '..'))
    store.db.prepare('DELETE FROM volumes WHERE name = ?').run(name)
  })
}

/** Removes the volumes that no container has: those with a random name, or `all`. Gives their names and bytes. */
export function pruneVolumes(context: Context, { all = false } = {}): { names: string[]; bytes: number } {
  return context.store.transaction(() => {
    const users = volumeUsers(context)
    const unused = listVolumes(context).filter(({ name }) => !users.has(name) && (all || /^[0-9a-f]{64}$/.test(name)))
    const bytes = unused.reduce((sum, { path }) => sum + treeSize(path), 0)
    for (const { name } of unused) removeVolume(context, name)
    return { names: unused.map(({ name }) => name), bytes }
  })
}

/** The ids of the containers that have a volume, by its name. */
export function volumeUsers(context: Context): Map<string, string[]> {
  const users = new Map<string, string[]>()
  for (const { id, settings } of allContainers(context)) {
    for (const mount of settings.mounts) {
      if (mount.kind === 'volume') users.set(mount.name, [...(users.get(mount.name) ?? []), id])
    }
  }
  return users
}

/**
 * Fills a volume that is still empty with what the image has at the mount's target, owner and permissions of the
 * directory itself included. `rootfs` must be mounted.
 */
export function fillVolume(store: Store, mount: ContainerMount & { readonly kind: 'volume' }, rootfs: string): void {
  const path = volumePath(store, mount.name)
  mkdirSync(path, { recursive: true })
  if (!mount.copy || readdirSync(path).length > 0) return
  const root = openDirectory(rootfs)
  let source: number | undefined
  try {
    const flags = sys.O_PATH | 0o200000
    source = sys.openat2(root, mount.target.slice(1), flags, sys.RESOLVE_IN_ROOT | sys.RESOLVE_NO_MAGICLINKS)
    const copy = `${path}.${randomId().slice(0, 12)}`
    mkdirSync(copy)
    const { status, stderr, error } = spawnSync('cp', ['-a', '/proc/self/fd/3/.', copy], {
      stdio: ['ignore', 'ignore', 'pipe', source],
      encoding: 'utf8',
    })
    if (error || status !== 0) {
      removeTree(copy)
      throw new StrakeError(
        'failed',
        `can't copy the image's ${mount.target} into its volume: ${error ?? stderr.trim()}`,
      )
    }
    try {
      renameSync(copy, path)
    } catch (problem) {
      removeTree(copy)
      // Another container has begun to use it meanwhile.
      if (errno(problem) !== 'ENOTEMPTY') throw problem
    }
  } catch (problem) {
    // The image has nothing there, or no directory: the volume starts empty.
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errno(problem) ?? '')) throw problem
  } finally {
    if (source !== undefined) closeSync(source)
    closeSync(root)
  }
}

export function volumePath(store: Store, name: string): string {
  return join(store.root, 'volumes', name, '_data')
}

/** Checks that a path of the host that is to be mounted is there, or makes a directory of it, as docker's `-v` does. */
export function ensureSource(source: string): void {
  if (!existsSync(source)) makeFolder(source, 0o777)
}

function toVolume(store: Store, row: object): Volume {
  const { name, created_at, labels } = row as { name: string; created_at: number; labels: string }
  return {
    name,
    createdAt: created_at,
    labels: JSON.parse(labels) as Record<string, string>,
    path: volumePath(store, name),
  }
}
