import { StrakeError } from '../lib/mod.ts'
import { randomName } from './names.ts'
import { randomId } from './random-id.ts'
import { insertContainer } from './records.ts'
import { resolveSettings } from './settings.ts'
import type { Container, Context, CreateOptions } from './types.ts'
import { createVolume } from './volumes.ts'

/**
 * Makes a container that is ready to start: its row, its writable layer and its volumes. Throws `not_found` (no such image),
 * `conflict` (the name is taken) and `invalid`; nothing is left then.
 */
export function createContainer(context: Context, options: CreateOptions): Container {
  const { store, images } = context
  const id = randomId()
  const image = images.get(options.image, options.platform)
  const settings = resolveSettings(options, images.config(image).config ?? {}, id)
  if (options.name !== undefined) checkName(options.name)
  using lease = store.lease('create')
  return store.transaction(() => {
    const name = options.name?.replace(/^\//, '') ?? freeName(context)
    refuseTaken(context, name)
    for (const mount of settings.mounts) if (mount.kind === 'volume') createVolume(context, mount)
    const container: Container = {
      id,
      name,
      image: image.id,
      snapshot: store.snapshots.prepare(image.snapshot, lease).id,
      createdAt: Date.now(),
      settings,
      state: { kind: 'created' },
    }
    insertContainer(context, container)
    return container
  })
}

function checkName(name: string): void {
  if (/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return
  const message = `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`
  throw new StrakeError('invalid', message)
}

function refuseTaken({ store }: Context, name: string): void {
  const taken = store.db.prepare('SELECT id FROM containers WHERE name = ?').get(name)
  if (!taken) return
  const message =
    `Conflict. The container name "/${name}" is already in use by container "${taken.id}". ` +
    'You have to remove (or rename) that container to be able to reuse that name.'
  throw new StrakeError('conflict', message, { hint: `Remove it with: strake rm -f ${name}` })
}

function freeName({ store }: Context): string {
  const isTaken = store.db.prepare('SELECT 1 FROM containers WHERE name = ?')
  for (let attempt = 0; ; attempt++) {
    const name = attempt < 10 ? randomName() : `${randomName()}${attempt}`
    if (!isTaken.get(name)) return name
  }
}
