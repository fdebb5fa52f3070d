import { applyLayer, hashLayer } from '../layers/mod.ts'
import type { OperationOptions } from '../lib/mod.ts'
import { type ContainerConfig, hostPlatform, type Platform, parseReference } from '../oci/mod.ts'
import type { Lease, Store } from '../store/mod.ts'
import { byteStatus } from './status.ts'
import type { Image, Images } from './types.ts'

export interface ImportOptions extends OperationOptions {
  readonly tags?: readonly string[] | undefined
  readonly config?: ContainerConfig | undefined
  readonly platform?: Platform | undefined
  /** The history's comment. */
  readonly message?: string | undefined
  /** The history's instruction. */
  readonly createdBy?: string | undefined
  /** Now, if it is left out. */
  readonly created?: Date | undefined
  /** Changes the root file system before it becomes a layer. `dir` is its root; nothing else has been looked at. */
  readonly furnish?: ((dir: string) => void | Promise<void>) | undefined
}

/**
 * Makes an image of one layer from the tar of a root file system, of any compression. The layer is hashed as Strake packs
 * it, so that the same files give the same layer, in whatever order they came, and no blob need be kept.
 * Throws what `applyLayer` throws; nothing is kept then.
 */
export async function importImage(
  store: Store,
  images: Images,
  tar: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Image> {
  const names = (options.tags ?? []).map(parseReference)
  using lease = store.lease('import')
  const { id, dir } = store.snapshots.prepare(undefined, lease)
  const status = byteStatus(options.progress, 'import', 'importing')
  await applyLayer(dir, tar, { signal: options.signal, onProgress: status.update })
  status.done()
  await options.furnish?.(dir)
  store.snapshots.commit(id, await hashLayer(dir, { signal: options.signal }))
  const image = createBase(images, id, options, lease)
  for (const name of names) images.tag(image, name)
  return images.get(image.id)
}

/** The image of a base layer that is committed. */
export function createBase(
  images: Images,
  snapshot: NonNullable<Image['snapshot']>,
  options: Pick<ImportOptions, 'config' | 'platform' | 'message' | 'createdBy' | 'created'>,
  lease: Lease,
): Image {
  const { architecture, os, variant } = options.platform ?? hostPlatform
  const created = (options.created ?? new Date()).toISOString()
  return images.create(
    {
      snapshot,
      config: {
        created,
        architecture,
        os,
        ...(variant && { variant }),
        config: options.config ?? {},
        history: [
          {
            created,
            ...(options.createdBy && { created_by: options.createdBy }),
            ...(options.message && { comment: options.message }),
          },
        ],
      },
    },
    lease,
  )
}
