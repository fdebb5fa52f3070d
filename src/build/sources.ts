import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { imageUrl, type Material, withoutCredentials } from '../attest/mod.ts'
import { parseGitUrl } from '../dockerfile/mod.ts'
import { type Image, type Images, loadArchive, resolveBootstrap } from '../images/mod.ts'
import { type SourceRange, StrakeError } from '../lib/mod.ts'
import {
  type Digest,
  formatPlatform,
  hex,
  type Platform,
  parsePlatform,
  parseReference,
  platformMatches,
  type Reference,
  referenceString,
} from '../oci/mod.ts'
import { findOrPull } from '../registry/mod.ts'
import { httpSource } from './context/http.ts'
import { fetchGit, openSource } from './context/open.ts'
import type { Execution } from './execution.ts'
import type { Base, Sources } from './frontend/sources.ts'
import type { LocalSource } from './operations/copy.ts'
import type { BuildOptions } from './types.ts'

export interface SourcesOptions {
  readonly context: LocalSource
  readonly options: BuildOptions
}

/** Images of the store or their registries, and the named contexts of --build-context, which stand in for images of their name. */
export function createSources(execution: Execution, images: Images, { context, options }: SourcesOptions): Sources {
  const contexts = new Map(
    Object.entries(options.buildContexts ?? {}).map(([name, value]) => [contextName(name), value]),
  )
  // Also where nothing asks for it: its name may be misspelt. What is elsewhere is not asked for in vain.
  for (const [name, value] of Object.entries(options.buildContexts ?? {})) {
    if (!/^[a-z][a-z-]*:/.test(value) && !parseGitUrl(value, { context: true })) folderOf(name, value)
  }
  const opened = new Map<string, Promise<Base>>()
  /** A context may be for one platform only: `debian::linux/arm64`. */
  const contextOf = (name: string, platform: Platform) =>
    contexts.get(`${normal(name)}::${formatPlatform(platform)}`) ?? contexts.get(normal(name))

  async function open(name: string, range: SourceRange | undefined, platform: Platform): Promise<Base> {
    const named = contextOf(name, platform)
    if (named !== undefined) return openNamed(name, named, platform)
    return imageBase(execution, images, { name, image: await findImage(name, platform, range) })
  }

  async function openNamed(name: string, value: string, platform: Platform): Promise<Base> {
    const { store, progress, signal } = execution
    const [, scheme = '', rest = ''] = /^([a-z][a-z-]*):(.*)$/s.exec(value) ?? []
    if (scheme === 'docker-image')
      return imageBase(execution, images, {
        name,
        image: await findImage(rest.replace(/^\/\//, ''), platform, undefined),
      })
    if (scheme === 'bootstrap') {
      const image = await resolveBootstrap(rest, store, images, {
        progress,
        signal,
        ...(options.pull && { pull: true }),
      })
      return imageBase(execution, images, { name, image })
    }
    if (scheme === 'oci-layout') {
      const image = await loadLayout(name, rest.replace(/^\/\//, ''), platform)
      return imageBase(execution, images, { name, image })
    }
    const fetched = await fetchContext(value)
    if (fetched !== undefined) {
      return {
        kind: 'directory',
        source: openSource(execution, fetched, {
          inPlace: false,
          name: `the context ${name}`,
          origin: withoutCredentials(value),
        }),
      }
    }
    const path = folderOf(name, value)
    return {
      kind: 'directory',
      source: openSource(execution, path, { inPlace: true, name: `the context ${name}`, origin: `local://${name}` }),
    }
  }

  async function fetchContext(value: string): Promise<string | undefined> {
    if (existsSync(value)) return undefined
    const git = parseGitUrl(value, { context: true })
    if (git) return (await fetchGit(execution, git)).directory
    if (!/^https?:\/\//.test(value)) return undefined
    return (await httpSource(execution, value, { vertex: 'context' }).fetch()).directory
  }

  /** `FOLDER`, `FOLDER:tag` or `FOLDER@digest`, as buildx. */
  async function loadLayout(name: string, location: string, platform: Platform): Promise<Image> {
    const [, folder = '', wanted] = /^(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]*))?$/s.exec(location) ?? []
    if (!existsSync(join(folder, 'oci-layout'))) {
      throw new StrakeError('not_found', `--build-context ${name}: ${folder} is no OCI layout`)
    }
    const { signal } = execution
    const loaded = await loadArchive(execution.store, images, folder, { signal, platform, untagged: true })
    const found = loaded.find(
      ({ image, names, refs }) =>
        !wanted ||
        image.manifest.digest === wanted ||
        refs.includes(wanted) ||
        names.some((name) => name.endsWith(`:${wanted}`)),
    )
    if (!found) throw new StrakeError('not_found', `the OCI layout ${folder} holds no image ${wanted ?? ''}`.trim())
    return found.image
  }

  async function findImage(name: string, platform: Platform, range: SourceRange | undefined): Promise<Image> {
    const { store, progress, signal } = execution
    const policy = options.pull ? 'always' : 'missing'
    // As for docker, what is too short for an id is a name.
    const reference = /^[0-9a-f]{1,11}$/.test(name) ? `${name}:latest` : name
    try {
      const image = await findOrPull(store, images, { reference, policy, platform, progress, signal })
      if (platformMatches(images.config(image), platform)) return image
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code === 'cancelled') throw error
      const { code, hint } = error
      const invalid = error.message.startsWith('invalid reference')
      const message = invalid ? `failed to parse stage name "${name}": ${error.message}` : error.message
      const found = invalid ? undefined : images.find(reference)
      if (!found || platformMatches(images.config(found), platform)) {
        throw new StrakeError(code, message, { range, hint, cause: error })
      }
    }
    throw otherPlatform(name, { has: images.config(images.get(reference)), platform, range })
  }

  return {
    context,
    workspace: execution,
    isContext: (name, platform) => contextOf(name, platform) !== undefined,
    base(name, range, platform) {
      const key = `${name} ${formatPlatform(platform)}`
      let base = opened.get(key)
      if (!base) {
        base = open(name, range, platform)
        opened.set(key, base)
      }
      return base
    },
  }
}

/** Names of contexts are compared as image names where they are such: `debian:bookworm`, `docker.io/library/debian:bookworm`. */
function normal(name: string): string {
  try {
    const ref = parseReference(name)
    return `${ref.registry}/${ref.repository}${ref.tag ? `:${ref.tag}` : ''}${ref.digest ? `@${ref.digest}` : ''}`
  } catch {
    return name
  }
}

/** The name of a context, with the platform that it is for. */
function contextName(name: string): string {
  const [plain = '', platform] = name.split('::')
  return platform === undefined ? normal(plain) : `${normal(plain)}::${formatPlatform(parsePlatform(platform))}`
}

function imageBase(
  { store, lease, materials }: Execution,
  images: Images,
  { name: asked, image }: { name: string; image: Image },
): Base {
  const { snapshot } = image
  const config = images.config(image)
  if (snapshot !== undefined) lease.add({ snapshot })
  const { manifest, material } = pinned(asked, image)
  materials.push(material)
  return {
    kind: 'image',
    config,
    vertex: (id, name) => ({
      kind: 'source',
      id,
      name,
      step: undefined,
      snapshot,
      chainId: snapshot === undefined ? undefined : store.snapshots.get(snapshot).chainId,
      image: { name: asked, digest: image.id, manifest },
      origin: { manifests: manifestsOf(images, asked, image), platform: config },
    }),
  }
}

/** Digests under which others may know the image. A context may stand in for the name: its index is another image's then. */
function manifestsOf(images: Images, asked: string, { id, manifest, digests }: Image): Digest[] {
  const known = digests.map((name) => name.slice(name.indexOf('@') + 1) as Digest)
  const index = images.index(asked)
  const own = index?.members.some(({ image }) => image?.id === id) ? [index.manifest.digest] : []
  return [...new Set([...known, ...own, manifest.digest])]
}

/** The image's manifest, as its registry has it where it came from that one, and the image as a package URL. */
function pinned(name: string, image: Image): { readonly manifest: string; readonly material: Material } {
  const { os, architecture } = image
  const reference = referenceOf(name)
  const known = image.digests.map(parseReference)
  const there = known.find((one) => one.registry === reference?.registry && one.repository === reference.repository)
  const digest = there?.digest ?? image.manifest.digest
  const { registry, repository, tag } = reference ?? { registry: 'docker.io', repository: name }
  return {
    manifest: referenceString({ registry, repository, ...(tag && { tag }), digest }),
    material: {
      uri: reference ? imageUrl(referenceString(reference), { os, architecture }) : `pkg:oci/image@${image.id}`,
      digest: { sha256: hex(digest) },
    },
  }
}

/** Undefined for the id of an image, which is no name. */
function referenceOf(name: string): Reference | undefined {
  try {
    return parseReference(name)
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'invalid') return undefined
    throw error
  }
}

function otherPlatform(
  name: string,
  { has, platform, range }: { has: Platform; platform: Platform; range: SourceRange | undefined },
): StrakeError {
  const [own, wanted] = [formatPlatform(has), formatPlatform(platform)]
  return new StrakeError(
    'not_found',
    `${name}: image with reference ${name} was found but its platform (${own}) does not match the specified platform (${wanted})`,
    {
      range,
      hint: `Load one for ${wanted}. A stage that only makes files for others may run here: FROM --platform=$BUILDPLATFORM`,
    },
  )
}

/** The path of a named context. Throws `not_found`. */
function folderOf(name: string, value: string): string {
  const path = resolve(value)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  throw new StrakeError('not_found', `failed to get build context ${name}: stat ${value}: no such file or directory`, {
    hint: 'A value is a folder, the URL of a git repository or a file, docker-image://NAME, oci-layout://FOLDER or bootstrap:debian/bookworm.',
  })
}
