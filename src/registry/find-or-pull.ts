import type { Image, Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import {
  familiarName,
  familiarString,
  formatPlatform,
  isDigest,
  type Platform,
  parseReference,
  type Reference,
  referenceString,
} from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import type { PullOptions } from './pull.ts'

/** When to ask the registry: for what is not here, at any rate, or not at all. */
export type PullPolicy = 'missing' | 'always' | 'never'

export interface FindOptions extends PullOptions {
  /** `missing` if it is left out. */
  readonly policy?: PullPolicy | undefined
}

/**
 * The image of a name or id; fetched from its registry where it is not here, or not for the platform. With `always`, a
 * registry that can't be reached or does not have it is no failure for an image that is here: there is a warning.
 * Throws `not_found` with what to do instead, and as `pullImage`.
 */
export async function findOrPull(store: Store, images: Images, options: FindOptions): Promise<Image> {
  const { reference: name, policy = 'missing', platform, progress } = options
  const found = images.find(name, platform)
  const fits = found && (!platform || (platform.os === found.os && platform.architecture === found.architecture))
  if (found && (policy === 'never' || (fits && policy === 'missing'))) return found
  // An id is no name: no registry knows it.
  if (policy === 'never' || isDigest(name) || /^[a-f0-9]{64}$/.test(name)) return images.get(name)
  const reference = parseReference(name)
  const isName = reference.digest !== undefined || found?.names.includes(referenceString(reference))
  if (found && !isName) return found
  if (!found) {
    const message = `Unable to find image '${familiarString(reference)}' locally`
    progress?.({ kind: 'notice', level: 'info', message })
  }
  // Most images are here: the way to the registry is not loaded for them.
  const { pullImage, pullStatus } = await import('./pull.ts')
  try {
    const pulled = await pullImage(store, images, options)
    progress?.({ kind: 'notice', level: 'info', message: `Digest: ${pulled.digest}` })
    progress?.({ kind: 'notice', level: 'info', message: pullStatus(pulled) })
    return pulled.image
  } catch (error) {
    if (!(error instanceof StrakeError) || error.code === 'cancelled' || error.code === 'corrupt') throw error
    if (found && fits) {
      const message = `using ${familiarString(reference)} as it is here: ${error.message}`
      progress?.({ kind: 'notice', level: 'warning', message })
      return found
    }
    throw missing(images, reference, error, platform && (found ?? images.find(name)) ? platform : undefined)
  }
}

/**
 * What to do without the registry.
 *
 * @param otherwise the platform that was asked for, where the image is here for another one
 */
function missing(images: Images, reference: Reference, error: StrakeError, otherwise?: Platform): StrakeError {
  const name = familiarString(reference)
  const distribution = !otherwise && /^(debian|ubuntu|busybox)$/.test(familiarName(reference))
  const near = nearName(images, name)
  const hints = [
    near,
    distribution
      ? `Make it from the distribution's packages: strake bootstrap ${name}`
      : `Load it with "strake load" or "strake import", or in a build stand something in for it: --build-context ${name}=bootstrap:debian/bookworm`,
    error.code === 'unavailable' ? undefined : error.hint,
  ]
  const here = otherwise
    ? `it is not on this machine for ${formatPlatform(otherwise)}`
    : 'there is no such image on this machine'
  const message = `${name}: ${here}, and ${error.message}`
  return new StrakeError(error.code, message, { hint: hints.filter(Boolean).join('\n'), cause: error })
}

function nearName(images: Images, name: string): string | undefined {
  try {
    images.get(name)
    return undefined
  } catch (error) {
    if (error instanceof StrakeError) return error.hint
    throw error
  }
}
