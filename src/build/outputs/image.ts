import { type Images, readIndex } from '../../images/mod.ts'
import { type Descriptor, parseReference } from '../../oci/mod.ts'
import { packManifest, pushImage } from '../../registry/mod.ts'
import type { Execution } from '../execution.ts'
import { annotatedDescriptor, assemble, isIndex, packOptions, unpackedIndex } from './assemble.ts'
import { attested, type ExportedImage, type Exporting, type Finished } from './finished.ts'
import { namesOf } from './names.ts'
import type { BuildOutput } from './types.ts'

/** Names the image of each target, and pushes it where that is asked for. Gives the last one's. */
export async function exportImages(
  execution: Execution,
  images: Images,
  { targets, output: asked, attestor }: Exporting<BuildOutput & { kind: 'image' }>,
): Promise<ExportedImage> {
  const names = namesOf(asked, targets)
  // Docker's media types have none for attestations.
  const output = attestor && asked.mediaTypes === 'docker' ? { ...asked, mediaTypes: 'oci' as const } : asked
  let last: ExportedImage | undefined
  for (const [i, finished] of targets.entries()) {
    last = await exportImage(execution, images, {
      finished: attested(finished, names[i]!, attestor),
      output,
      names: names[i]!,
    })
  }
  return last!
}

interface Named {
  readonly finished: Finished
  readonly output: BuildOutput & { kind: 'image' }
  readonly names: readonly string[]
}

async function exportImage(execution: Execution, images: Images, named: Named): Promise<ExportedImage> {
  const { finished, output, names } = named
  const manifest = await nameImage(execution, images, named)
  if (output.push) await pushNames(execution, images, named)
  // A push may have packed it.
  const [name] = output.push ? names : []
  const pushed = name === undefined ? undefined : (images.index(name) ?? images.get(name)).manifest
  const described = annotatedDescriptor(output, pushed ?? manifest, finished.images[0]!.platform)
  return { manifest: described, names, pushed: Boolean(output.push) }
}

/** Gives the names to what was built, in the form that is asked for. What is pushed gets its form on the way, unless it must be final before. */
async function nameImage(
  execution: Execution,
  images: Images,
  { finished, output, names }: Named,
): Promise<Descriptor> {
  const { store, lease, signal } = execution
  const options = packOptions(output, finished.images[0]!.platform)
  const isFormed = Object.values(options).some((value) => value !== undefined)
  if (isIndex(finished)) {
    // A push packs; what has annotations of its own, or what something is attached to, must be as it is to be before.
    const final = finished.attach || output.annotations?.length || (isFormed && !output.push)
    const manifest = final ? await assemble(execution, finished, output) : unpackedIndex(execution, finished)
    const members = readIndex(store, manifest.digest).manifests.map((descriptor, i) => {
      const config = finished.images[i]?.config
      return { descriptor, image: config && images.get(config) }
    })
    for (const name of names) images.tagIndex({ manifest, members }, parseReference(name))
    return manifest
  }
  const image = images.get(finished.images[0]!.config)
  for (const name of names) images.tag(image, parseReference(name))
  if (output.push || !isFormed) return image.manifest
  const { manifest, layers } = await packManifest({ store, lease }, image, { ...options, signal })
  images.repack(image, { manifest, blobs: layers.map(({ digest }) => digest) }, lease)
  return manifest
}

async function pushNames(
  { store, progress, signal }: Execution,
  images: Images,
  { finished, output, names }: Named,
): Promise<void> {
  const [first] = finished.images
  const options = isIndex(finished)
    ? packOptions({ ...output, annotations: [] }, first!.platform)
    : packOptions(output, first!.platform)
  const repositories = new Set<string>()
  for (const name of names) {
    const { registry, repository } = parseReference(name)
    const place = `${registry}/${repository}`
    if (output.push === 'digest' && repositories.has(place)) continue
    repositories.add(place)
    const byDigest = output.push === 'digest'
    await pushImage(store, images, { ...options, reference: name, byDigest, progress, signal })
  }
}
