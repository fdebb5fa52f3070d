import { existsSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { type Image, type Images, loadArchive, resolveBootstrap } from '../images/mod.ts'
import { type SourceRange, StrakeError } from '../lib/mod.ts'
import { parseReference } from '../oci/mod.ts'
import { findOrPull } from '../registry/mod.ts'
import { openSource } from './context/open.ts'
import type { Execution } from './execution.ts'
import type { Base, Sources } from './frontend/sources.ts'
import type { LocalSource } from './operations/copy.ts'
import type { Download } from './operations/download.ts'
import type { BuildOptions } from './types.ts'

export interface SourcesOptions {
  readonly context: LocalSource
  readonly download: Download
  readonly options: BuildOptions
}

/** Images of the store or their registries, and the named contexts of --build-context, which stand in for images of their name. */
export function createSources(
  execution: Execution,
  images: Images,
  { context, download, options }: SourcesOptions,
): Sources {
  const contexts = new Map(Object.entries(options.buildContexts ?? {}).map(([name, value]) => [normal(name), value]))
  const opened = new Map<string, Promise<Base>>()

  async function open(name: string, range: SourceRange | undefined): Promise<Base> {
    const named = contexts.get(normal(name))
    if (named !== undefined) return openNamed(name, named)
    return imageBase(execution, images, { name, image: await findImage(name, range) })
  }

  async function openNamed(name: string, value: string): Promise<Base> {
    const { store, progress, signal } = execution
    const [, scheme = '', rest = ''] = /^([a-z][a-z-]*):(.*)$/s.exec(value) ?? []
    if (scheme === 'docker-image')
      return imageBase(execution, images, { name, image: await findImage(rest.replace(/^\/\//, ''), undefined) })
    if (scheme === 'bootstrap') {
      const image = await resolveBootstrap(rest, store, images, {
        progress,
        signal,
        ...(options.pull && { pull: true }),
      })
      return imageBase(execution, images, { name, image })
    }
    if (scheme === 'oci-layout') {
      const image = await loadLayout(name, rest.replace(/^\/\//, ''))
      return imageBase(execution, images, { name, image })
    }
    const path = isAbsolute(value) ? value : resolve(value)
    if (!existsSync(path) || !statSync(path).isDirectory()) {
      throw new StrakeError('not_found', `--build-context ${name}=${value}: there is no such folder`, {
        hint: 'A value is a folder, docker-image://NAME, oci-layout://FOLDER or bootstrap:debian/bookworm.',
      })
    }
    return { kind: 'directory', source: openSource(execution, path, { inPlace: true, name: `the context ${name}` }) }
  }

  /** `FOLDER`, `FOLDER:tag` or `FOLDER@digest`, as buildx. */
  async function loadLayout(name: string, location: string): Promise<Image> {
    const [, folder = '', wanted] = /^(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]*))?$/s.exec(location) ?? []
    if (!existsSync(join(folder, 'oci-layout'))) {
      throw new StrakeError('not_found', `--build-context ${name}: ${folder} is no OCI layout`)
    }
    const loaded = await loadArchive(execution.store, images, folder, { signal: execution.signal, untagged: true })
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

  async function findImage(name: string, range: SourceRange | undefined): Promise<Image> {
    const { store, progress, signal } = execution
    const { platform, pull } = options
    const policy = pull ? 'always' : 'missing'
    // As for docker, what is too short for an id is a name.
    const reference = /^[0-9a-f]{1,11}$/.test(name) ? `${name}:latest` : name
    try {
      return await findOrPull(store, images, { reference, policy, platform, progress, signal })
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code === 'cancelled') throw error
      const message = error.message.startsWith('invalid reference')
        ? `failed to parse stage name "${name}": ${error.message}`
        : error.message
      throw new StrakeError(error.code, message, { range, hint: error.hint, cause: error })
    }
  }

  return {
    context,
    download,
    base(name, range) {
      let base = opened.get(name)
      if (!base) {
        base = open(name, range)
        opened.set(name, base)
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

function imageBase(
  { store, lease }: Execution,
  images: Images,
  { name: asked, image }: { name: string; image: Image },
): Base {
  const { snapshot } = image
  const config = images.config(image)
  if (snapshot !== undefined) lease.add({ snapshot })
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
      image: { name: asked, digest: image.id },
    }),
  }
}
