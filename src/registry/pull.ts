import type { Image, Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import {
  type Digest,
  familiarName,
  familiarString,
  type Platform,
  parseReference,
  type Reference,
  referenceString,
} from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import { rateLimitText } from './http/failure.ts'
import { openRegistries, type RegistriesOptions } from './repository.ts'
import { type TakeOptions, takeImage } from './take-image.ts'

export interface PullOptions extends TakeOptions, Pick<RegistriesOptions, 'env' | 'retryDelay' | 'idleTimeout'> {
  /** As a person writes it: `ubuntu`, `localhost:5000/app:1.0`, `app@sha256:…`. */
  readonly reference: string
}

export interface PulledImage {
  readonly image: Image
  readonly reference: Reference
  /** Of what the registry has under the name: an index, where there are images for several platforms. */
  readonly digest: Digest
  /** False where the image was here already, as the registry has it. */
  readonly isNew: boolean
}

/**
 * Fetches an image from its registry, and names it. Only what is not here moves. Throws `not_found`, `unauthorized`,
 * `denied`, `unavailable` (the registry can't be reached), `corrupt`; there is no new image then, and what had come whole
 * by then, or half of a large layer, need not come again.
 */
export async function pullImage(store: Store, images: Images, options: PullOptions): Promise<PulledImage> {
  const reference = parseReference(options.reference)
  const { registry, repository, tag, digest: wanted } = reference
  const failed = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  using registries = openRegistries({ ...options, signal, onRateLimit: tellLimit(options) })
  const source = registries.repository(registry, repository, { access: 'pull' })
  const vertex = { kind: 'vertex', id: `pull ${source.name}`, name: `pull ${referenceString(reference)}` } as const
  options.progress?.({ ...vertex, state: 'started', at: Date.now() })
  try {
    const root = await source.resolve(wanted ?? tag!)
    const name = wanted === undefined ? referenceString({ registry, repository, tag: tag! }) : undefined
    // An index of which more is here than one image stays: there is nothing to bring.
    const isHere = name !== undefined && images.index(name)?.manifest.digest === root.digest
    const known = isHere
      ? images.find(name, options.platform)
      : images.find(referenceString({ registry, repository, digest: root.digest }))
    const current = known && fits(known, options.platform) ? known : undefined
    using lease = store.lease('pull')
    const image =
      current ??
      (await takeImage({ store, images, lease }, source, root, { ...options, onFailure: () => failed.abort() }))
    const named = isHere || tag === undefined || image.names.includes(referenceString({ registry, repository, tag }))
    store.transaction(() => {
      if (isHere && current) return
      images.addDigest(image, { registry, repository, digest: root.digest })
      if (name !== undefined) images.tag(image, reference)
    })
    options.progress?.({ ...vertex, state: 'done', at: Date.now() })
    return { image: images.get(image.id), reference, digest: root.digest, isNew: !current || !named }
  } catch (error) {
    const state = options.signal?.aborted ? 'cancelled' : 'failed'
    options.progress?.({ ...vertex, state, at: Date.now() })
    throw error instanceof StrakeError ? explained(error, reference) : error
  }
}

/** `Status: Downloaded newer image for app:1.0`, as docker says it. */
export function pullStatus({ reference, isNew }: PulledImage): string {
  const name = familiarString(reference)
  return isNew ? `Status: Downloaded newer image for ${name}` : `Status: Image is up to date for ${name}`
}

function fits({ os, architecture }: Image, platform: Platform | undefined): boolean {
  return !platform || (platform.os === os && platform.architecture === architecture)
}

function tellLimit({ progress }: PullOptions): RegistriesOptions['onRateLimit'] {
  return (host, limit) => progress?.({ kind: 'notice', level: 'info', message: `${host}: ${rateLimitText(limit)}` })
}

/** In docker's words. */
function explained(error: StrakeError, reference: Reference): StrakeError {
  const name = familiarName(reference)
  const details = { hint: error.hint, cause: error }
  if (error.code === 'unauthorized' || error.code === 'denied') {
    const message = `pull access denied for ${name}, repository does not exist or may require 'strake login'`
    return new StrakeError(error.code, `${message}: ${reason(error)}`, {
      ...details,
      hint: error.hint ?? `If it is private, log in with: strake login ${reference.registry}`,
    })
  }
  if (error.code === 'not_found' && /unknown|404/.test(error.message)) {
    return new StrakeError(
      'not_found',
      `manifest for ${familiarString(reference)} not found: ${reason(error)}`,
      details,
    )
  }
  return error
}

/** Without what was being done. */
function reason({ message }: StrakeError): string {
  return message.replace(/^(pulling|pushing) \S+: /, '')
}
