import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { archiveContent, type Images, readIndex } from '../../images/mod.ts'
import { errno, StrakeError } from '../../lib/mod.ts'
import { type Descriptor, parseReference, type Reference, referenceString } from '../../oci/mod.ts'
import { copy, openLayout, packManifest, pushImage, StoreBlobs } from '../../registry/mod.ts'
import type { Attestor } from '../attestations/attestor.ts'
import type { Execution } from '../execution.ts'
import type { BuildOptions } from '../types.ts'
import { allFiles, folderOf } from './all-files.ts'
import { type Assembly, annotatedDescriptor, assemble, isIndex, packOptions, unpackedIndex } from './assemble.ts'
import { writeFiles } from './local.ts'
import { tarOf } from './tar.ts'
import type { BuildOutput, ImageForm } from './types.ts'
import { writeOutput } from './write-file.ts'

/** What was built of a target, and is to be put out. */
export interface Finished extends Assembly {
  readonly tags: readonly Reference[]
  /** SOURCE_DATE_EPOCH in nanoseconds. */
  readonly epoch: bigint | undefined
}

/** The manifest of an image as it was put out, or the index of several, and its names there. */
export interface ExportedImage {
  readonly manifest: Descriptor
  readonly names: readonly string[]
  /** Whether registries have it. */
  readonly pushed: boolean
}

/** Finds out before the build what would fail after it. Throws `invalid` in docker's words. */
export function checkOutputs(
  outputs: readonly BuildOutput[],
  { tags = [], attest }: Pick<BuildOptions, 'tags' | 'attest'>,
  { targets, isMultiPlatform }: { readonly targets: number; readonly isMultiPlatform: boolean },
): void {
  const fail = (message: string, hint?: string) => new StrakeError('invalid', message, { hint })
  for (const output of outputs) {
    if (targets > 1 && output.kind !== 'image' && output.kind !== 'cacheonly') {
      throw fail(`type=${output.kind} puts out one target, and several are built`, 'Build them one by one.')
    }
    if (output.kind === 'cacheonly') continue
    const annotations = ('annotations' in output && output.annotations) || []
    if (!isMultiPlatform && !attest && annotations.some(({ place }) => place.startsWith('index'))) {
      throw fail('index annotations not supported for single platform export', 'Write manifest, or leave the type out.')
    }
    if (output.kind === 'docker' && isMultiPlatform) {
      throw fail(
        'docker exporter does not support exporting manifest lists, use the oci exporter instead',
        'Write type=oci: docker load reads that as well. --load keeps the image in the store.',
      )
    }
    if (output.kind === 'image') {
      const names = imageNames(
        output,
        tags.map((tag) => parseReference(tag.slice(tag.indexOf('=') + 1))),
      )
      if (output.push && names.length === 0) {
        throw fail('tag is needed when pushing to registry', 'Name the image: -t registry.test/app:1.0')
      }
      continue
    }
    if (output.kind === 'docker' && attest) {
      throw fail(
        'docker exporter does not support exporting manifest lists, use the oci exporter instead',
        'Write type=oci.',
      )
    }
    if ('attestationPrefix' in output && /[/\0]/.test(output.attestationPrefix ?? '')) {
      const message = `invalid attestation prefix ${JSON.stringify(output.attestationPrefix)}`
      throw fail(message, 'It is the beginning of the names of files in the root: it holds no slash.')
    }
    for (const name of 'names' in output ? (output.names ?? []) : []) parseReference(name)
    if (typeof output.dest !== 'string') continue
    const there = statSync(output.dest, { throwIfNoEntry: false })
    const wantsFolder = output.kind === 'local' || ('folder' in output && output.folder === true)
    if (wantsFolder && there && !there.isDirectory()) {
      throw fail(`destination directory ${output.dest} is a file`)
    }
    if (wantsFolder) continue
    if (there?.isDirectory()) throw fail(`destination file ${output.dest} is a directory`)
    if (!statSync(dirname(resolve(output.dest)), { throwIfNoEntry: false })?.isDirectory()) {
      throw fail(`open ${output.dest}: no such file or directory`, 'Make the folder first.')
    }
  }
}

interface Exporting<Output extends BuildOutput> {
  readonly finished: Finished
  readonly output: Output
  readonly attestor: Attestor | undefined
}

/** Puts one output out. Those that are no images give nothing. */
export async function exportOutput(
  execution: Execution,
  images: Images,
  { finished, output, attestor }: Exporting<BuildOutput>,
): Promise<ExportedImage | undefined> {
  switch (output.kind) {
    case 'cacheonly':
      return undefined
    case 'local':
    case 'tar': {
      const what = output.kind === 'local' ? 'directory' : 'tarball'
      await shown(execution, `exporting to client ${what}`, async () => {
        const split = output.platformSplit ?? finished.isMultiPlatform ?? false
        const form = { attestor, prefix: output.attestationPrefix }
        if (output.kind === 'tar')
          await writeOutput(output.dest, tarOf(allFiles(execution, finished, { ...form, split })))
        else if (!split) await writeFiles(resolve(output.dest), allFiles(execution, finished, form))
        else {
          for (const image of finished.images) {
            const files = allFiles(execution, { ...finished, images: [image] }, form)
            await writeFiles(join(resolve(output.dest), folderOf(image)), files)
          }
        }
      })
      return undefined
    }
    case 'oci':
    case 'docker':
      return shown(execution, `exporting to ${output.kind} image format`, () =>
        exportArchive(execution, { finished, output, attestor }),
      )
    case 'image':
      return exportImage(execution, images, { finished, output, attestor })
  }
}

let exports = 0

/** Tells of an export as of a step without a number. */
export async function shown<T>(
  { progress }: Pick<Execution, 'progress'>,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const vertex = { kind: 'vertex', id: `export ${++exports}`, name } as const
  progress({ ...vertex, state: 'started', at: Date.now() })
  try {
    const result = await work()
    progress({ ...vertex, state: 'done', at: Date.now() })
    return result
  } catch (error) {
    progress({ ...vertex, state: 'failed', at: Date.now() })
    // The disk is full, the folder read-only, … A closed pipe ends the program as it ends others.
    if (errno(error) === undefined || errno(error) === 'EPIPE' || error instanceof StrakeError) throw error
    throw new StrakeError('failed', `failed ${name}: ${(error as Error).message}`, { cause: error })
  }
}

async function exportArchive(
  execution: Execution,
  { finished, output, attestor }: Exporting<BuildOutput & { kind: 'oci' | 'docker' }>,
): Promise<ExportedImage> {
  const { store, lease, signal } = execution
  const names = imageNames(output, finished.tags)
  const docker = output.kind === 'docker' && output.mediaTypes !== 'oci' && output.compression !== 'zstd'
  const manifest = await assemble(execution, attested(finished, names, attestor), {
    ...output,
    mediaTypes: attestor ? 'oci' : (output.mediaTypes ?? (docker ? 'docker' : 'oci')),
  })
  if (!output.folder) await writeOutput(output.dest, archiveContent(store, { manifest, names }, signal))
  else if (typeof output.dest === 'string') {
    const layout = openLayout(output.dest)
    await copy(new StoreBlobs(store, lease), layout, manifest, { signal })
    // The part that tools know: the tag alone.
    const tags = names.length > 0 ? names.map((name) => parseReference(name).tag!) : ['']
    for (const tag of new Set(tags)) await layout.tag(manifest, tag)
  }
  return { manifest, names, pushed: false }
}

async function exportImage(
  execution: Execution,
  images: Images,
  { finished: built, output: asked, attestor }: Exporting<BuildOutput & { kind: 'image' }>,
): Promise<ExportedImage> {
  const names = imageNames(asked, built.tags)
  const finished = attested(built, names, attestor)
  // Docker's media types have none for attestations.
  const output = attestor && asked.mediaTypes === 'docker' ? { ...asked, mediaTypes: 'oci' as const } : asked
  const manifest = await nameImage(execution, images, { finished, output, names })
  if (output.push) await pushNames(execution, images, { finished, output, names })
  // A push may have packed it.
  const [name] = output.push ? names : []
  const pushed = name === undefined ? undefined : (images.index(name) ?? images.get(name)).manifest
  const described = annotatedDescriptor(output, pushed ?? manifest, finished.images[0]!.platform)
  return { manifest: described, names, pushed: Boolean(output.push) }
}

/** With what is to be attached to it. */
function attested(finished: Finished, names: readonly string[], attestor: Attestor | undefined): Finished {
  return attestor ? { ...finished, attach: attestor.attach(names) } : finished
}

interface Named {
  readonly finished: Finished
  readonly output: BuildOutput & { kind: 'image' }
  readonly names: readonly string[]
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

/** Whole names: those of the build and the output's own. */
function imageNames({ names = [] }: ImageForm, tags: readonly Reference[]): string[] {
  return [...new Set([...tags, ...names.map(parseReference)].map(referenceString))]
}
