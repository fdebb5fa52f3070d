import { StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type DiffId,
  type Digest,
  hex,
  type ImageConfig,
  isDigest,
  isImageType,
  isIndexType,
  mediaTypes,
  type Platform,
  parseDigest,
  parseReference,
  referenceString,
} from '../oci/mod.ts'
import { isObject, type JsonObject, parseJson, parseJsonObject } from './json.ts'
import { choosePlatform, isAttestation } from './platform.ts'

/** What an archive holds. Everything in it is somebody else's word. */
export interface ArchiveFiles {
  /** Digest and size of the file at that path, links followed. */
  find(path: string): { readonly digest: Digest; readonly size: number } | undefined
  /** The whole of a small file. Throws `corrupt` when it is not small. */
  read(digest: Digest, what: string): Buffer
}

/** An image of an archive, as far as documents tell: every file that it names is there. */
export interface ArchivedImage {
  readonly config: Digest
  /** As it came; undefined for a docker archive, which has none. */
  readonly manifest: Descriptor | undefined
  readonly layers: readonly { readonly digest: Digest; readonly size: number }[]
  readonly diffIds: readonly DiffId[]
  /** Normalised. */
  readonly names: readonly string[]
  /** Values of `org.opencontainers.image.ref.name`. */
  readonly refs: readonly string[]
}

/** An index of an archive, of which several images, or one and what is attached to it, are in the archive. */
export interface ArchivedIndex {
  readonly manifest: Descriptor
  /** What it names; with the configuration, where it is an image that is there. */
  readonly members: readonly { readonly descriptor: Descriptor; readonly config: Digest | undefined }[]
  readonly names: readonly string[]
  readonly refs: readonly string[]
}

export interface Archived {
  readonly images: readonly ArchivedImage[]
  /** Their names are not those of their images. */
  readonly indexes: readonly ArchivedIndex[]
}

/**
 * What a docker archive, an OCI archive, or one that is both holds: images, with `whole` also indexes with all their images, and
 * else of each index the image for the platform. Throws `corrupt`, `not_found` (no such platform).
 */
export function readIndexes(
  files: ArchiveFiles,
  { platform, whole = false }: { readonly platform?: Platform | undefined; readonly whole?: boolean },
): Archived {
  const index = files.find('index.json')
  const legacy = files.find('manifest.json')
  if (!index && !legacy) {
    throw new StrakeError('invalid', 'not an image archive: it holds neither index.json nor manifest.json', {
      hint: 'The tar of a root file system becomes an image with: strake import FILE NAME',
    })
  }
  const images = new Map<Digest, ArchivedImage>()
  const indexes = new Map<Digest, ArchivedIndex>()
  const add = (image: ArchivedImage) => {
    const known = images.get(image.config)
    images.set(image.config, { ...(known ?? image), ...joined(known, image) })
  }
  for (const found of index ? ociImages(files, index.digest, { platform, whole }) : []) {
    if ('config' in found) add(found)
    else indexes.set(found.manifest.digest, { ...found, ...joined(indexes.get(found.manifest.digest), found) })
  }
  // index.json knows platforms: what it says of a name counts.
  const taken = new Set([...images.values(), ...indexes.values()].flatMap(({ names }) => names))
  for (const image of legacy ? dockerImages(files, legacy.digest) : []) {
    const names = image.names.filter((name) => !taken.has(name))
    if (image.names.length === 0 || names.length > 0 || images.has(image.config)) add({ ...image, names })
  }
  if (images.size === 0) throw new StrakeError('invalid', 'the archive holds no images')
  return { images: [...images.values()], indexes: [...indexes.values()] }
}

type Named = Pick<ArchivedImage, 'names' | 'refs'>

function joined(known: Named | undefined, more: Named): Named {
  return {
    names: [...new Set([...(known?.names ?? []), ...more.names])],
    refs: [...new Set([...(known?.refs ?? []), ...more.refs])],
  }
}

function* ociImages(
  files: ArchiveFiles,
  digest: Digest,
  { platform, whole }: { readonly platform: Platform | undefined; readonly whole: boolean },
): Generator<ArchivedImage | ArchivedIndex> {
  const descriptors = manifestsOf(files, digest, 'index.json')
  const groups = Map.groupBy(descriptors, (d) => JSON.stringify(d.annotations ?? {}))
  for (const group of groups.values()) {
    // The same name several times is one image for several platforms; without a name, they are images of their own.
    const isOne = new Set(group.map((d) => JSON.stringify(d.platform))).size === group.length && group.length > 1
    for (const chosen of isOne ? [choosePlatform(group, platform, 'the archive')] : group) {
      const annotations = chosen.annotations ?? {}
      const ref = annotations['org.opencontainers.image.ref.name']
      const named = { names: nameOf(annotations), refs: ref === undefined ? [] : [ref] }
      const members = whole && !platform ? membersOf(files, chosen) : undefined
      if (members) {
        const { mediaType, digest, size } = chosen
        for (const { image } of members) if (image) yield { ...image, names: [], refs: [] }
        const own = members.map(({ descriptor, image }) => ({ descriptor, config: image?.config }))
        yield { manifest: { mediaType, digest, size }, members: own, ...named }
        continue
      }
      const manifest = resolve(files, chosen, platform)
      if (manifest) yield { ...ociImage(files, manifest), ...named }
    }
  }
}

type OciImage = Omit<ArchivedImage, 'names' | 'refs'>

/** What an index names, if that is more than one image: several that are in the archive, or one and what is attached to it. */
function membersOf(
  files: ArchiveFiles,
  index: Descriptor,
): { readonly descriptor: Descriptor; readonly image: OciImage | undefined }[] | undefined {
  if (!isIndexType(index.mediaType)) return undefined
  const manifests = manifestsOf(files, blob(files, index).digest, `index ${index.digest}`)
  // Indexes in indexes are followed to the image for this machine.
  if (manifests.some(({ mediaType }) => isIndexType(mediaType))) return undefined
  const members = manifests.map((descriptor) => {
    const isImage = isImageType(descriptor.mediaType) && !isAttestation(descriptor) && isWhole(files, descriptor)
    return { descriptor, image: isImage ? ociImage(files, descriptor) : undefined }
  })
  const images = members.filter(({ image }) => image).length
  const attached = members.filter(({ descriptor }) => isAttestation(descriptor) && isWhole(files, descriptor)).length
  return images > 0 && images + attached > 1 ? members : undefined
}

/** Whether the archive has a manifest and all that it names: of an index, an archive may have a part. */
function isWhole(files: ArchiveFiles, { digest }: Descriptor): boolean {
  const find = (some: Digest) => files.find(`blobs/sha256/${hex(some)}`)
  const file = find(digest)
  if (!file) return false
  const what = `manifest ${digest}`
  const { config, layers } = parseJsonObject(files.read(file.digest, what), what)
  if (!Array.isArray(layers)) throw corrupt(`${what} has no layers`)
  return [config, ...layers].every((item) => find(descriptor(item, what).digest) !== undefined)
}

/** Follows indexes down to a manifest. Undefined for what is no image: an attestation. */
function resolve(files: ArchiveFiles, descriptor: Descriptor, platform: Platform | undefined): Descriptor | undefined {
  let current = descriptor
  for (let depth = 0; depth < 8; depth++) {
    if (isAttestation(current)) return undefined
    if (isImageType(current.mediaType)) return current
    if (!isIndexType(current.mediaType)) {
      throw corrupt(`${current.digest} has an unknown media type ${JSON.stringify(current.mediaType)}`)
    }
    const found = blob(files, current)
    const manifests = manifestsOf(files, found.digest, `index ${current.digest}`)
    current = choosePlatform(manifests, platform, 'the archive')
  }
  throw corrupt('indexes are nested too deeply')
}

/** The name that annotations give: containerd's whole one, or a reference in the place where OCI has the tag alone. */
function nameOf(annotations: Readonly<Record<string, string>>): string[] {
  const whole = annotations['io.containerd.image.name']
  const name = annotations['org.opencontainers.image.ref.name']
  if (whole !== undefined) return [normalised(whole)]
  return name !== undefined && /[:/]/.test(name) ? [normalised(name)] : []
}

function normalised(name: unknown): string {
  if (typeof name !== 'string') throw corrupt('an image has a name that is no text')
  const { tag, ...reference } = parseReference(name)
  return referenceString({ registry: reference.registry, repository: reference.repository, tag: tag ?? 'latest' })
}

function ociImage(files: ArchiveFiles, manifest: Descriptor): OciImage {
  const what = `manifest ${manifest.digest}`
  const document = parseJsonObject(files.read(blob(files, manifest).digest, what), what)
  const config = descriptor(document.config, what)
  if (config.mediaType !== mediaTypes.config && config.mediaType !== mediaTypes.dockerConfig) {
    throw new StrakeError('unsupported', `${what} is no container image but ${JSON.stringify(config.mediaType)}`)
  }
  if (!Array.isArray(document.layers)) throw corrupt(`${what} has no layers`)
  const layers = document.layers.map((layer) => blob(files, descriptor(layer, what)))
  const id = blob(files, config).digest
  const { mediaType, digest, size } = manifest
  return {
    config: id,
    manifest: { mediaType, digest, size },
    layers,
    diffIds: diffIdsOf(files, id, layers.length),
  }
}

function* dockerImages(files: ArchiveFiles, digest: Digest): Generator<ArchivedImage> {
  const items = parseJson(files.read(digest, 'manifest.json'), 'manifest.json')
  if (!Array.isArray(items)) throw corrupt('manifest.json is not a list')
  for (const item of items) {
    if (!isObject(item)) throw corrupt('manifest.json does not hold images')
    const { Config: path, Layers: paths, RepoTags: tags } = item
    const config = named(files, path)
    const stem = /([a-f0-9]{64})(?:\.json)?$/.exec(String(path))?.[1]
    if (stem && stem !== hex(config.digest)) throw corrupt(`${path} does not have the content that its name says`)
    if (!Array.isArray(paths)) throw corrupt('manifest.json has an image without layers')
    const layers = paths.map((layer) => named(files, layer))
    yield {
      config: config.digest,
      manifest: undefined,
      layers,
      diffIds: diffIdsOf(files, config.digest, layers.length),
      names: Array.isArray(tags) ? tags.map(normalised) : [],
      refs: [],
    }
  }
}

function named(files: ArchiveFiles, path: unknown): { digest: Digest; size: number } {
  if (typeof path !== 'string') throw corrupt('manifest.json names something that is no path')
  const file = files.find(path)
  if (!file) throw corrupt(`${JSON.stringify(path)} is missing in the archive`)
  return file
}

function diffIdsOf(files: ArchiveFiles, digest: Digest, layers: number): DiffId[] {
  const what = `configuration ${digest}`
  const config = parseJsonObject(files.read(digest, what), what) as Partial<ImageConfig> & JsonObject
  const ids = config.rootfs?.diff_ids ?? []
  if (!Array.isArray(ids) || !ids.every(isDigest)) throw corrupt(`${what} has invalid layer hashes`)
  if (typeof config.architecture !== 'string' || typeof config.os !== 'string') {
    throw corrupt(`${what} does not say for which platform it is`)
  }
  if (ids.length !== layers) throw corrupt(`${what} is of ${ids.length} layers, but the archive has ${layers}`)
  return ids as string[] as DiffId[]
}

/** The file of a blob, which must be as long as the descriptor says. */
function blob(files: ArchiveFiles, { digest, size }: Descriptor): { digest: Digest; size: number } {
  const file = files.find(`blobs/sha256/${hex(digest)}`)
  if (!file) throw corrupt(`blob ${digest} is missing in the archive`)
  if (file.size !== size) throw corrupt(`blob ${digest} has ${file.size} bytes, not ${size}`)
  return file
}

function manifestsOf(files: ArchiveFiles, digest: Digest, what: string): Descriptor[] {
  const document = parseJsonObject(files.read(digest, what), what)
  if (!Array.isArray(document.manifests)) throw corrupt(`${what} has no manifests`)
  return document.manifests.map((item) => descriptor(item, what))
}

function descriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value) || typeof value.mediaType !== 'string' || !Number.isSafeInteger(value.size)) {
    throw corrupt(`${what} has an invalid descriptor`)
  }
  parseDigest(String(value.digest))
  const { platform, annotations = {} } = value
  const texts = isObject(annotations) && Object.values(annotations).every((text) => typeof text === 'string')
  if (!texts || (platform !== undefined && !isObject(platform))) throw corrupt(`${what} has an invalid descriptor`)
  return value as unknown as Descriptor
}

function corrupt(message: string): StrakeError {
  return new StrakeError('corrupt', `invalid archive: ${message}`)
}
