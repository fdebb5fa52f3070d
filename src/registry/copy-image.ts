import { resolve } from 'node:path'
import { archiveContent, byteStatus, type Images, readArchive } from '../images/mod.ts'
import { type OperationOptions, StrakeError, writeFile } from '../lib/mod.ts'
import {
  type Descriptor,
  type Digest,
  hex,
  type Platform,
  parseReference,
  type Reference,
  referenceString,
} from '../oci/mod.ts'
import type { Lease, Store } from '../store/mod.ts'
import { type BlobWatch, copy } from './copy.ts'
import { openDirectory, openLayout } from './folders.ts'
import { packNamed } from './pack-index.ts'
import { openRegistries, type Registries, type RegistriesOptions, type Repository } from './repository.ts'
import { StoreBlobs } from './store-blobs.ts'
import { imageManifest } from './take-image.ts'
import { takeNamed } from './take-index.ts'
import type { Blobs, Target } from './target.ts'

export interface CopyImageOptions
  extends OperationOptions,
    Pick<RegistriesOptions, 'env' | 'retryDelay' | 'idleTimeout'> {
  /** See `Place`. */
  readonly from: string
  readonly to: string
  /** Only the image for this platform; without it an image for several platforms is copied whole, where the target can hold that. */
  readonly platform?: Platform | undefined
  /** Also what says something about it: signatures, attestations. From a registry only. */
  readonly referrers?: boolean | undefined
}

/**
 * Where an image is, as a person writes it: `NAME` or `docker://NAME` in a registry, `local:NAME` in the store,
 * `oci:FOLDER[:TAG]`, `dir:FOLDER`, `docker-archive:FILE[:NAME]`.
 */
type Place =
  | { readonly kind: 'registry' | 'local'; readonly reference: Reference }
  | { readonly kind: 'oci' | 'dir' | 'docker-archive'; readonly path: string; readonly name: string }

interface Context {
  readonly store: Store
  readonly images: Images
  readonly lease: Lease
  readonly registries: Registries
  readonly options: CopyImageOptions
}

/**
 * Copies an image from anywhere to anywhere. What is there already does not move, and everything is checked against its
 * digest. Gives the digest of the manifest there. Throws `invalid` (no such place), `not_found`, `denied`, `unavailable`.
 */
export async function copyImage(store: Store, images: Images, options: CopyImageOptions): Promise<Digest> {
  const [from, to] = [parsePlace(options.from), parsePlace(options.to)]
  const failed = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  using registries = openRegistries({ ...options, signal })
  using lease = store.lease('copy')
  const context = { store, images, lease, registries, options }
  const staged = new StoreBlobs(store, lease)
  try {
    const { blobs, root } = await openSource(context, from)
    if (to.kind === 'local') {
      const taken = await takeNamed(context, blobs, root, { ...options, onFailure: () => failed.abort() })
      if ('members' in taken) images.tagIndex(taken, to.reference)
      else images.tag(taken, to.reference)
      return taken.manifest.digest
    }
    const single = options.platform !== undefined || to.kind === 'docker-archive'
    // What is said of it where it was, its name there included, is not said of it here.
    const { annotations: _, ...wanted } = single
      ? (await imageManifest(blobs, root, options.platform)).descriptor
      : root
    const watch = watchBlobs(options)
    if (to.kind === 'docker-archive') {
      await copy(blobs, staged, wanted, { ...options, watch })
      const names = to.name === '' ? [] : [referenceString(parseReference(to.name))]
      await writeFile(to.path, archiveContent(store, [{ manifest: wanted, names }], options.signal))
      return wanted.digest
    }
    const { target, reference } = openTarget(context, from, to)
    await copy(blobs, target, wanted, { ...options, watch, parallel: 5 })
    await target.tag(wanted, reference)
    if (options.referrers && from.kind === 'registry') {
      for (const referrer of await (blobs as Repository).referrers(wanted.digest))
        await copy(blobs, target, referrer, options)
    }
    return wanted.digest
  } finally {
    // Only what nobody else refers to by now.
    lease[Symbol.dispose]()
    for (const digest of staged.brought) forget(store, digest)
  }
}

/** Throws `invalid`. */
function parsePlace(text: string): Place {
  const [, scheme, rest = ''] = /^(docker:\/\/|local:|oci:|dir:|docker-archive:)(.*)$/s.exec(text) ?? []
  if (scheme === undefined || scheme === 'docker://') {
    return { kind: 'registry', reference: parseReference(scheme === undefined ? text : rest) }
  }
  if (rest === '') throw new StrakeError('invalid', `${JSON.stringify(text)} does not say where`)
  if (scheme === 'local:') return { kind: 'local', reference: parseReference(rest) }
  const kind = scheme.slice(0, -1) as 'oci' | 'dir' | 'docker-archive'
  const colon = kind === 'dir' ? -1 : rest.indexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  return { kind, path: resolve(path), name: colon < 0 ? '' : rest.slice(colon + 1) }
}

async function openSource(
  { store, images, lease, registries, options }: Context,
  place: Place,
): Promise<{ readonly blobs: Pick<Blobs, 'name' | 'fetch'>; readonly root: Descriptor }> {
  switch (place.kind) {
    case 'registry': {
      const { registry, repository, tag, digest } = place.reference
      const blobs = registries.repository(registry, repository, { access: 'pull' })
      return { blobs, root: await blobs.resolve(digest ?? tag!) }
    }
    case 'local': {
      const name = referenceString(place.reference)
      const { manifest } = await packNamed({ store, images, lease }, name, options)
      return { blobs: new StoreBlobs(store, lease), root: manifest }
    }
    case 'docker-archive': {
      const all = await readArchive(store, place.path, lease, options)
      const wanted = place.name === '' ? undefined : referenceString(parseReference(place.name))
      const found = all.filter(({ names }) => wanted === undefined || names.includes(wanted))
      if (found.length === 1) return { blobs: new StoreBlobs(store, lease), root: found[0]!.manifest }
      const known = all.flatMap(({ names }) => names).join(', ')
      const what = found.length === 0 ? `no image ${wanted}` : 'several images'
      throw new StrakeError('not_found', `docker-archive:${place.path} has ${what}`, {
        hint: `Name one of those that it has: ${known || 'none has a name'}`,
      })
    }
    default: {
      const target = place.kind === 'oci' ? openLayout(place.path) : openDirectory(place.path)
      return { blobs: target, root: await target.resolve(place.name) }
    }
  }
}

function openTarget(
  { registries }: Context,
  from: Place,
  to: Place,
): { readonly target: Target; readonly reference: string } {
  if (to.kind === 'oci' || to.kind === 'dir') {
    return { target: to.kind === 'oci' ? openLayout(to.path) : openDirectory(to.path), reference: to.name }
  }
  if (to.kind !== 'registry') throw new StrakeError('internal', `no target ${to.kind}`)
  const { registry, repository, tag, digest } = to.reference
  if (!tag || digest) throw new StrakeError('invalid', 'a copy must have a tag, not a digest')
  const near = from.kind === 'registry' && from.reference.registry === registry ? [from.reference.repository] : []
  const mountFrom = () => near.filter((name) => name !== repository)
  return { target: registries.repository(registry, repository, { access: 'push', mountFrom }), reference: tag }
}

function watchBlobs({ progress }: CopyImageOptions): (descriptor: Descriptor) => BlobWatch {
  return ({ digest, size }) => {
    const short = hex(digest).slice(0, 12)
    const status = (words: string) => byteStatus(progress, 'copy', `${short}: ${words}`, size, short)
    const copying = status('Copying')
    return {
      update: copying.update,
      done: (how) =>
        status(
          how.kind === 'mounted' ? `Mounted from ${how.from}` : how.kind === 'present' ? 'Already exists' : 'Copied',
        ).done(),
    }
  }
}

function forget(store: Store, digest: Digest): void {
  try {
    store.content.delete(digest)
  } catch (error) {
    if (!(error instanceof StrakeError && error.code === 'conflict')) throw error
  }
}
