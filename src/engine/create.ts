import { type Container, type CreateOptions, createContainer } from '../containers/mod.ts'
import type { OperationOptions } from '../lib/mod.ts'
import { findOrPull, type PullPolicy } from '../registry/mod.ts'
import type { Engine } from './engine.ts'

export interface CreateContainerOptions extends CreateOptions, OperationOptions {
  /** When to ask the image's registry: `missing` (if it is left out), `always` or `never`. */
  readonly pull?: PullPolicy | undefined
}

/**
 * Makes a container that is ready to start; its image is fetched where it is not here. Throws as `createContainer`, and as
 * `findOrPull`.
 */
export async function create(engine: Engine, options: CreateContainerOptions): Promise<Container> {
  const { pull, image, platform, progress, signal } = options
  const found = await findOrPull(engine.store, engine.images, {
    reference: image,
    policy: pull,
    platform,
    progress,
    signal,
  })
  // By its id where the name has none of its own here: an image that was asked for by digest.
  return createContainer(engine, engine.images.find(image) ? options : { ...options, image: found.id })
}
