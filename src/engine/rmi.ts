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
  const { untagged, image, stack } = engine.store.transaction(() => {
    const found = engine.images.get(options.image)
    const name = nameIn(found, options.image)
    return name ? byName(engine, found, { name, text: options.image, force }) : byId(engine, found, force)
  })
  return { untagged, ...sweep(engine, image, stack) }
}

interface Removal {
  readonly untagged: readonly string[]
  /** The image that went, and what it stood on. */
  readonly image: Image | undefined
  readonly stack: readonly Snapshot[]
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
  const [user] = usersOf(engine, image)
  if (user && !force && isSingle(image)) {
    throw new StrakeError(
      'conflict',
      `conflict: unable to remove repository reference "${text}" (must force) - ` +
        `container ${user.id.slice(0, 12)} is using its referenced image ${hex(image.id).slice(0, 12)}`,
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
  // Nothing takes an image away from under a running container: it stays, without a name.
  if (remains || user?.isRunning) return { untagged, image: undefined, stack: [] }
  return { ...drop(engine, left), untagged }
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
  const [user] = usersOf(engine, image)
  if (user?.isRunning) {
    throw refuse('cannot be forced', `image is being used by running container ${user.id.slice(0, 12)}`)
  }
  if (!force) {
    if (!isSingle(image)) throw refuse('must be forced', 'image is referenced in multiple repositories')
    if (user) throw refuse('must be forced', `image is being used by stopped container ${user.id.slice(0, 12)}`)
  }
  const untagged = [...image.names, ...image.digests].map(shownName)
  return { ...drop(engine, image), untagged }
}

function shown(name: Reference): string {
  return `${familiarName(name)}${name.digest ? `@${name.digest}` : `:${name.tag}`}`
}

/** Removes the image. A container that still stands on it keeps the layers by its own snapshot. */
function drop(engine: Engine, image: Image): Omit<Removal, 'untagged'> {
  const stack = engine.store.snapshots.ancestry(image.snapshot)
  engine.images.remove(image)
  return { image, stack }
}

/** Frees what went with the image, and says which of its layers are gone. */
function sweep(engine: Engine, image: Image | undefined, stack: readonly Snapshot[]): Omit<RemovedImages, 'untagged'> {
  if (!image) return { deleted: [], bytes: 0 }
  const { bytes } = engine.store.collect()
  const left = new Set([...engine.store.snapshots.walk()].map((snapshot) => snapshot.id))
  const gone = stack.filter((snapshot) => !left.has(snapshot.id) && snapshot.chainId !== undefined)
  return { deleted: [image.id, ...gone.map((snapshot) => snapshot.chainId!)], bytes }
}
