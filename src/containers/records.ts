import { nearest, StrakeError } from '../lib/mod.ts'
import type { Digest } from '../oci/mod.ts'
import type { SnapshotId } from '../store/mod.ts'
import type { Container, ContainerState, Context, Settings } from './types.ts'

/**
 * The container that a person means by its name, its id, or a unique start of the id, as the database knows it.
 * Throws `not_found` and `invalid` (ambiguous) in docker's words.
 */
export function findContainer({ store }: Context, nameOrId: string): Container {
  const name = nameOrId.replace(/^\//, '')
  const exact = store.db.prepare('SELECT * FROM containers WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC').get(name)
  if (exact) return toContainer(exact)
  if (/^[0-9a-f]+$/.test(name)) {
    // The ids that start so come before the one that starts with the next digit.
    const some = store.db.prepare(`SELECT * FROM containers WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2`).all(name)
    if (some.length === 1) return toContainer(some[0]!)
    if (some.length > 1) {
      throw new StrakeError('invalid', `multiple IDs found with provided prefix: ${name}`, {
        hint: 'Give more digits, or the name.',
      })
    }
  }
  const names = store.db.prepare('SELECT name FROM containers').all() as { name: string }[]
  const close = nearest(
    name,
    names.map((row) => row.name),
  )
  throw new StrakeError('not_found', `No such container: ${nameOrId}`, close ? { hint: `Did you mean ${close}?` } : {})
}

/** Undefined when it is gone. */
export function getContainer({ store }: Context, id: string): Container | undefined {
  const row = store.db.prepare('SELECT * FROM containers WHERE id = ?').get(id)
  return row && toContainer(row)
}

/** All, the newest first. */
export function allContainers({ store }: Context): Container[] {
  return store.db.prepare('SELECT * FROM containers ORDER BY created_at DESC, id').all().map(toContainer)
}

export function insertContainer({ store }: Context, container: Container): void {
  store.db
    .prepare(
      'INSERT INTO containers (id, name, image, snapshot, created_at, config, state) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      container.id,
      container.name,
      container.image,
      container.snapshot ?? null,
      container.createdAt,
      JSON.stringify(container.settings),
      JSON.stringify(container.state),
    )
}

export function setState({ store }: Context, { id }: Container, state: ContainerState): void {
  store.transaction(() =>
    store.db.prepare('UPDATE containers SET state = ? WHERE id = ?').run(JSON.stringify(state), id),
  )
}

function toContainer(row: object): Container {
  const { id, name, image, snapshot, created_at, config, state } = row as {
    id: string
    name: string
    image: Digest
    snapshot: SnapshotId | null
    created_at: number
    config: string
    state: string
  }
  return {
    id,
    name,
    image,
    snapshot: snapshot ?? undefined,
    createdAt: created_at,
    settings: JSON.parse(config) as Settings,
    state: JSON.parse(state) as ContainerState,
  }
}
