import { StrakeError } from '../lib/mod.ts'
import { type Descriptor, hostPlatform, type Platform } from '../oci/mod.ts'

/**
 * The image of an index for a platform, or without one for this machine; then the only one there is will do too.
 * Throws `not_found`, with the platforms that there are. `what` names the place: `the archive`, `alice/app:1.0`.
 */
export function choosePlatform(all: readonly Descriptor[], platform: Platform | undefined, what: string): Descriptor {
  const candidates = all.filter((descriptor) => !isAttestation(descriptor))
  const wanted = platform ?? hostPlatform
  const fits = ({ platform: has }: Descriptor) =>
    has?.os === wanted.os &&
    has.architecture === wanted.architecture &&
    (wanted.variant === undefined || variantOf(has) === variantOf(wanted))
  const found = candidates.find(fits) ?? (candidates.length === 1 && !platform ? candidates[0] : undefined)
  if (found) return found
  const known = [...new Set(candidates.map(({ platform: has }) => platformText(has)))]
  throw new StrakeError('not_found', `${what} has no image for ${platformText(wanted)}`, {
    hint: `It has ${known.join(', ') || 'none at all'}. Choose with --platform.`,
  })
}

/** What stands beside the images of an index to say something about them, as BuildKit's attestations: it is for no platform. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' || platform?.os === 'unknown'
}

/** The digest of the manifest that an attestation of an index is about. */
export function subjectOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.['vnd.docker.reference.digest']
}

/** `linux/arm64/v8`. */
export function platformText(platform: Platform | undefined): string {
  return platform ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/') : 'unknown'
}

/** Every arm64 is v8, written or not. */
function variantOf({ architecture, variant }: Platform): string | undefined {
  return architecture === 'arm64' ? (variant ?? 'v8') : variant
}
