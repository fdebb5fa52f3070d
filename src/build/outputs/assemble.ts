import { type StoredImage, writeIndex } from '../../images/mod.ts'
import { type Descriptor, formatPlatform, isIndexType, mediaTypes, type Platform } from '../../oci/mod.ts'
import { type PackOptions, packManifest } from '../../registry/mod.ts'
import type { Execution } from '../execution.ts'
import type { Annotation, ImageForm } from './types.ts'

/** An image that was built. */
export interface FinishedImage extends StoredImage {
  readonly platform: Platform
}

/** An image as it leaves: the digest of its manifest is the last. */
export interface PackedImage {
  readonly image: FinishedImage
  /** As the index has it, with the platform. */
  readonly manifest: Descriptor
  readonly layers: readonly Descriptor[]
}

/**
 * Makes what is to stand beside an image in an index, as its attestations do, and gives the descriptors for that: with platform
 * `unknown/unknown` and the annotations that name the image. What they name is stored, and held by the build's lease. It is called once for
 * each image of each output that is one.
 */
export type Attach = (packed: PackedImage) => Promise<readonly Descriptor[]>

/** What an output of images puts out. */
export interface Assembly {
  readonly images: readonly FinishedImage[]
  /** Several platforms were asked for; or one, and an index nevertheless. */
  readonly isMultiPlatform?: boolean | undefined
  readonly attach?: Attach | undefined
}

type Building = Pick<Execution, 'store' | 'lease' | 'signal'>

/** How the image for a platform is packed. */
export function packOptions(form: ImageForm, platform: Platform): PackOptions {
  const { compression, level, force, mediaTypes: family } = form
  return { compression, level, force, mediaTypes: family, annotations: annotationsAt(form, 'manifest', platform) }
}

/** The annotations that stand at a place, of a manifest for that platform; undefined where there are none. */
function annotationsAt(
  { annotations = [] }: ImageForm,
  place: Annotation['place'],
  platform?: Platform,
): Readonly<Record<string, string>> | undefined {
  const here = annotations.filter((annotation) => annotation.place === place)
  const name = platform && formatPlatform(platform)
  const of = (one: string | undefined) => here.filter((annotation) => annotation.platform === one)
  const found = [...of(undefined), ...(name === undefined ? [] : of(name))]
  return found.length > 0 ? Object.fromEntries(found.map(({ key, value }) => [key, value])) : undefined
}

/** With what is to be said of what it names. */
export function annotatedDescriptor(form: ImageForm, descriptor: Descriptor, platform?: Platform): Descriptor {
  const place = isIndexType(descriptor.mediaType) ? 'index-descriptor' : 'manifest-descriptor'
  const annotations = annotationsAt(form, place, platform)
  return annotations ? { ...descriptor, annotations } : descriptor
}

/** Whether it is an index, as for BuildKit: of several platforms, or of an image and what is attached to it. */
export function isIndex({ isMultiPlatform = false, attach }: Assembly): boolean {
  return isMultiPlatform || attach !== undefined
}

/**
 * Packs images so that they can leave, and where there are several, or something is attached to one, puts them into an index:
 * first the images, then all that is attached to them. Gives the manifest or the index, with the annotations of that descriptor.
 */
export async function assemble(execution: Building, assembly: Assembly, form: ImageForm): Promise<Descriptor> {
  const packed: PackedImage[] = []
  for (const image of assembly.images) {
    const options = { ...packOptions(form, image.platform), signal: execution.signal }
    const { manifest, layers } = await packManifest(execution, image, options)
    const descriptor = annotatedDescriptor(form, manifest, image.platform)
    packed.push({ image, manifest: { ...descriptor, platform: image.platform }, layers })
  }
  if (!isIndex(assembly)) {
    const { platform: _, ...manifest } = packed[0]!.manifest
    return manifest
  }
  const attached: Descriptor[] = []
  for (const image of packed) attached.push(...((await assembly.attach?.(image)) ?? []))
  const docker = form.mediaTypes === 'docker'
  const manifests = [...packed.map(({ manifest }) => manifest), ...attached]
  const mediaType = docker ? mediaTypes.dockerIndex : mediaTypes.index
  const index = { manifests, mediaType, annotations: annotationsAt(form, 'index') }
  return annotatedDescriptor(form, writeIndex(execution.store, index, execution.lease))
}

/** The index of images that are as they were built: whatever makes them leave packs them. */
export function unpackedIndex({ store, lease }: Building, { images }: Assembly): Descriptor {
  const manifests = images.map(({ manifest, platform }) => ({ ...manifest, platform }))
  return writeIndex(store, { manifests }, lease)
}
