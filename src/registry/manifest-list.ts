import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { platformText } from '../images/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type Digest,
  digestOf,
  familiarString,
  mediaTypes,
  type Platform,
  parseReference,
  type Reference,
  referenceString,
} from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import { copy } from './copy.ts'
import { openRegistries, type RegistriesOptions } from './repository.ts'
import { imageManifest } from './take-image.ts'
import { readContent } from './target.ts'
import { parseDocument, parseManifest } from './wire/mod.ts'

/** An index that is being put together, from images of registries. */
interface List {
  readonly entries: readonly { readonly reference: string; readonly descriptor: Descriptor }[]
}

export type ManifestOptions = Pick<RegistriesOptions, 'env' | 'signal' | 'retryDelay'>

/** A manifest as its registry has it. */
export async function inspectManifest(
  name: string,
  options: ManifestOptions = {},
): Promise<{ readonly descriptor: Descriptor; readonly bytes: Buffer; readonly isIndex: boolean }> {
  const { registry, repository, tag, digest } = parseReference(name)
  using registries = openRegistries(options)
  const source = registries.repository(registry, repository, { access: 'pull' })
  const descriptor = await source.resolve(digest ?? tag!)
  const bytes = await readContent(source, descriptor)
  return { descriptor, bytes, isIndex: parseManifest(bytes, descriptor.mediaType).kind === 'index' }
}

/**
 * Begins an index of images that registries have. With `amend`, adds to one that was begun. Throws `conflict` for one that
 * is there, `not_found` for an image that is not.
 */
export async function createList(
  store: Store,
  {
    name,
    images,
    amend = false,
    ...options
  }: ManifestOptions & {
    readonly name: string
    readonly images: readonly string[]
    readonly amend?: boolean | undefined
  },
): Promise<void> {
  const reference = parseReference(name)
  const before = findList(store, reference)
  if (before && !amend) {
    throw new StrakeError('conflict', 'refusing to amend an existing manifest list with no --amend flag')
  }
  const added = await Promise.all(images.map((image) => describe(image, options)))
  const known = new Set(added.map((entry) => entry.reference))
  writeList(store, reference, {
    entries: [...(before?.entries ?? []).filter((entry) => !known.has(entry.reference)), ...added],
  })
}

/** Says for which platform an image of an index is. Throws `not_found`. */
export function annotateList(
  store: Store,
  {
    name,
    image,
    platform,
  }: {
    readonly name: string
    readonly image: string
    readonly platform: Partial<Platform> & { readonly 'os.features'?: readonly string[] }
  },
): void {
  const reference = parseReference(name)
  const list = getList(store, reference)
  const wanted = referenceString(parseReference(image))
  if (!list.entries.some((entry) => entry.reference === wanted)) {
    throw new StrakeError('not_found', `manifest for image ${image} does not exist in ${name}`)
  }
  writeList(store, reference, {
    entries: list.entries.map((entry) => {
      if (entry.reference !== wanted) return entry
      const { os = '', architecture = '', ...rest } = entry.descriptor.platform ?? { os: '', architecture: '' }
      return { ...entry, descriptor: { ...entry.descriptor, platform: { os, architecture, ...rest, ...platform } } }
    }),
  })
}

/** The document of an index that is being put together, or undefined. */
export function listDocument(store: Store, name: string): string | undefined {
  const list = findList(store, parseReference(name))
  return list && documentOf(list).text
}

/** Sends an index to its registry, with the images that it names where that repository lacks them. */
export async function pushList(
  store: Store,
  {
    name,
    purge = false,
    ...options
  }: ManifestOptions & { readonly name: string; readonly purge?: boolean | undefined },
): Promise<Digest> {
  const reference = parseReference(name)
  const { registry, repository, tag } = reference
  const list = getList(store, reference)
  if (!tag) throw new StrakeError('invalid', 'an index is pushed under a tag')
  for (const { descriptor, reference: image } of list.entries) {
    if (descriptor.platform?.os && descriptor.platform.architecture) continue
    throw new StrakeError('invalid', `manifest ${image} must have an OS and Architecture to be pushed to a registry`)
  }
  using registries = openRegistries(options)
  for (const entry of list.entries) {
    const from = parseReference(entry.reference)
    if (from.registry === registry && from.repository === repository) continue
    const mountFrom = () => (from.registry === registry ? [from.repository] : [])
    const source = registries.repository(from.registry, from.repository, { access: 'pull' })
    await copy(
      source,
      registries.repository(registry, repository, { access: 'push', mountFrom }),
      entry.descriptor,
      options,
    )
  }
  const { text, mediaType } = documentOf(list)
  const bytes = Buffer.from(text)
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  const target = registries.repository(registry, repository, { access: 'push' })
  await target.push(descriptor, async function* () {
    yield bytes
  })
  await target.tag(descriptor, tag)
  if (purge) removeList(store, name)
  return descriptor.digest
}

/** Forgets an index that was begun. Throws `not_found`. */
export function removeList(store: Store, name: string): void {
  const reference = parseReference(name)
  getList(store, reference)
  rmSync(pathOf(store, reference), { force: true })
}

async function describe(image: string, options: ManifestOptions): Promise<List['entries'][number]> {
  const reference = parseReference(image)
  const { registry, repository, tag, digest } = reference
  using registries = openRegistries(options)
  const source = registries.repository(registry, repository, { access: 'pull' })
  const root = await source.resolve(digest ?? tag!)
  const parsed = parseManifest(await readContent(source, root), root.mediaType)
  if (parsed.kind === 'index' && parsed.manifests.length > 1) {
    const hint = `It is for ${parsed.manifests.map(({ platform }) => platformText(platform)).join(', ')}: name them by digest.`
    throw new StrakeError('invalid', `${familiarString(reference)} is an index itself`, { hint })
  }
  const { descriptor, manifest } = await imageManifest(source, root, undefined)
  const { os, architecture, variant } = parseDocument(await readContent(source, manifest.config))
  const { mediaType, size } = descriptor
  const platform = {
    architecture: String(architecture ?? ''),
    os: String(os ?? ''),
    ...(typeof variant === 'string' && { variant }),
  }
  return { reference: referenceString(reference), descriptor: { mediaType, size, digest: descriptor.digest, platform } }
}

function documentOf({ entries }: List): { readonly text: string; readonly mediaType: string } {
  const all = entries.map(({ descriptor }) => descriptor)
  const docker = all.length > 0 && all.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest)
  const mediaType = docker ? mediaTypes.dockerIndex : mediaTypes.index
  return { text: JSON.stringify({ schemaVersion: 2, mediaType, manifests: all }, null, 3), mediaType }
}

function getList(store: Store, reference: Reference): List {
  const list = findList(store, reference)
  if (list) return list
  throw new StrakeError('not_found', `No such manifest: ${familiarString(reference)}`)
}

function findList(store: Store, reference: Reference): List | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(store, reference), 'utf8')) as List
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

function writeList(store: Store, reference: Reference, list: List): void {
  const path = pathOf(store, reference)
  mkdirSync(join(store.root, 'manifests'), { recursive: true })
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(list))
  renameSync(`${path}.${process.pid}`, path)
}

function pathOf(store: Store, reference: Reference): string {
  return join(store.root, 'manifests', `${encodeURIComponent(referenceString(reference))}.json`)
}
