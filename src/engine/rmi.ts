import type { Image } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { familiarName, hex, isDigest, parseReference, type Reference } from '../oci/mod.ts'
import type { Snapshot } from '../store/mod.ts'
import type { Engine } from './engine.ts'
import { usersOf } from './image-users.ts'
import { shownName } from './images.ts'

export interface RemovedImages {
  /** Names that were taken away, as people write them. */
  readonly untagged: readonly string[]
  /** The image's id and the chain ids of layers that nothing else uses. */
  readonly deleted: readonly string[]
  /** Bytes freed. */
  readonly bytes: number
}

/**
 * Takes a name away, and the image with its last name; an id takes the image with all its names.
 * Throws `not_found`, and `conflict` in docker's words: a container uses it, or an id stands for several repositories.
 */
export function rmi(
  engine: Engine,
  options: { readonly image: string; readonly force?: boolean | undefined },
): RemovedImages {
  const { force = false } = options
  const { untagged, gone } = engine.store.transaction(() => {
    const found = engine.images.get(options.image)
    const name = nameIn(found, options.image)
    return name ? byName(engine, found, { name, text: options.image, force }) : byId(engine, found, force)
  })
  return { untagged, ...sweep(engine, gone) }
}

/** An image that went, and what it stood on. */
interface Gone {
  readonly image: Image
  readonly stack: readonly Snapshot[]
}

interface Removal {
  readonly untagged: readonly string[]
  readonly gone: readonly Gone[]
}

/** The name by which a person means the image; undefined when it is its id. */
function nameIn(image: Image, text: string): Reference | undefined {
  if (isDigest(text) || hex(image.id).startsWith(text.replace(/^sha256:/, ''))) {
    // A name that reads like the start of the id is meant as the name, as `get` has it.
    if (!image.names.some((name) => name === `docker.io/library/${text}:latest`)) return undefined
  }
  return parseReference(text)
}

function byName(
  engine: Engine,
  image: Image,
  { name, text, force }: { readonly name: Reference; readonly text: string; readonly force: boolean },
): Removal {
  const siblings = engine.images.siblings(image)
  for (const used of isSingle(image) ? [image, ...siblings] : []) {
    const [user] = usersOf(engine, used)
    if (!user || force) continue
    throw new StrakeError(
      'conflict',
      `conflict: unable to remove repository reference "${text}" (must force) - ` +
        `container ${user.id.slice(0, 12)} is using its referenced image ${hex(used.id).slice(0, 12)}`,
      { hint: `Remove the container first: strake rm ${user.isRunning ? '-f ' : ''}${user.id.slice(0, 12)}` },
    )
  }
  engine.images.untag(name)
  // Digests go with the last tag of their repository.
  const left = engine.images.get(image.id)
  const prefix = `${name.registry}/${name.repository}`
  const hasTag = left.names.some((other) => other.startsWith(`${prefix}:`))
  const orphaned = hasTag ? [] : left.digests.filter((digest) => digest.startsWith(`${prefix}@`))
  for (const digest of orphaned) engine.images.untag(parseReference(digest))
  const untagged = [shown(name), ...orphaned.map(shownName)]
  const remains = left.names.length + left.digests.length > orphaned.length
  const own = remains ? [] : dropUnused(engine, [left])
  return { untagged, gone: [...own, ...dropUnused(engine, siblings)] }
}

/** One tag at most, and all names in one repository. */
function isSingle({ names, digests }: Image): boolean {
  const repositories = new Set([...names, ...digests].map((name) => familiarName(parseReference(name))))
  return names.length <= 1 && repositories.size <= 1
}

function byId(engine: Engine, image: Image, force: boolean): Removal {
  const short = hex(image.id).slice(0, 12)
  const refuse = (how: string, why: string) =>
    new StrakeError('conflict', `conflict: unable to delete ${short} (${how}) - ${why}`, {
      hint: how === 'must be forced' ? `To remove it nevertheless: strake rmi -f ${short}` : undefined,
    })
  if (image.isMember && image.names.length === 0) {
    const names = engine.images.siblings(image).flatMap((other) => other.names.map(shownName))
    throw new StrakeError('conflict', `conflict: unable to delete ${short} - it is a part of ${names.join(', ')}`, {
      hint: `All platforms go with the name: strake rmi ${names.join(' ')}`,
    })
  }
  const siblings = engine.images.siblings(image)
  const users = [image, ...siblings].flatMap((used) => usersOf(engine, used))
  const user = users.find(({ isRunning }) => isRunning) ?? users[0]
  if (user?.isRunning) {
    throw refuse('cannot be forced', `image is being used by running container ${user.id.slice(0, 12)}`)
  }
  if (!force) {
    if (!isSingle(image)) throw refuse('must be forced', 'image is referenced in multiple repositories')
    if (user) throw refuse('must be forced', `image is being used by stopped container ${user.id.slice(0, 12)}`)
  }
  const untagged = [...image.names, ...image.digests].map(shownName)
  return { untagged, gone: [drop(engine, image), ...dropUnused(engine, siblings)] }
}

function shown(name: Reference): string {
  return `${familiarName(name)}${name.digest ? `@${name.digest}` : `:${name.tag}`}`
}

/** Removes the image. A container that still stands on it keeps the layers by its own snapshot. */
function drop(engine: Engine, image: Image): Gone {
  const stack = engine.store.snapshots.ancestry(image.snapshot)
  engine.images.remove(image)
  return { image, stack }
}

/**
 * Removes those of the images that have no name and are in no index with one. Nothing takes an image away from under a running
 * container: it stays, without a name.
 */
export function dropUnused(engine: Engine, images: readonly Image[]): Gone[] {
  return images
    .flatMap(({ id }) => engine.images.find(id) ?? [])
    .filter((image) => !image.isMember && image.names.length + image.digests.length === 0)
    .filter((image) => !usersOf(engine, image).some(({ isRunning }) => isRunning))
    .map((image) => drop(engine, image))
}

/** Frees what went with the images, and says which of their layers are gone. */
function sweep(engine: Engine, gone: readonly Gone[]): Omit<RemovedImages, 'untagged'> {
  if (gone.length === 0) return { deleted: [], bytes: 0 }
  const { bytes } = engine.store.collect()
  const left = new Set([...engine.store.snapshots.walk()].map((snapshot) => snapshot.id))
  const layers = new Set<string>()
  for (const { id, chainId } of gone.flatMap(({ stack }) => stack)) {
    if (!left.has(id) && chainId !== undefined) layers.add(chainId)
  }
  return { deleted: [...gone.map(({ image }) => image.id), ...layers], bytes }
}
