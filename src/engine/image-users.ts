import type { Image } from '../images/mod.ts'
import type { Engine } from './engine.ts'

/** A container that stands on an image. */
export interface ImageUser {
  readonly id: string
  readonly isRunning: boolean
}

/** The containers that stand on the image, the running ones first. */
export function usersOf({ store }: Engine, image: Image): ImageUser[] {
  const rows = store.db
    .prepare(`SELECT id, state ->> '$.kind' AS kind FROM containers WHERE image = ? ORDER BY kind <> 'running', id`)
    .all(image.id) as { id: string; kind: string }[]
  return rows.map(({ id, kind }) => ({ id, isRunning: kind === 'running' }))
}
