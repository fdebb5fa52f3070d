import { nearest, StrakeError } from '../lib/mod.ts'
import { familiarName, familiarString, parseReference, type Reference, referenceString } from '../oci/mod.ts'

/** `docker.io/library/app:1.0`. */
export function tagged({ registry, repository, tag = 'latest' }: Reference): string {
  return referenceString({ registry, repository, tag })
}

/** `docker.io/library/app@sha256:…`: next to a digest a tag means nothing. */
export function byDigest({ registry, repository, digest }: Reference): string {
  return `${registry}/${repository}@${digest}`
}

/** The name that a text may be, or undefined where it can be an id at most. */
export function readable(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch (error) {
    if (error instanceof StrakeError) return undefined
    throw error
  }
}

/** As people write it. */
export function shown(text: string): string {
  const name = readable(text)
  return name ? familiarString(name) : text
}

/** What may have been meant, of the names that there are. */
export function didYouMean(text: string, all: readonly string[]): string | undefined {
  const names = all.map(shown)
  const name = readable(text)
  const repository = name && familiarName(name)
  const sameRepository = names.filter((name) => name.slice(0, name.lastIndexOf(':')) === repository)
  if (sameRepository.length > 0) return `There is ${sameRepository.slice(0, 5).join(', ')}.`
  const near = nearest(shown(text), names)
  return near && `Did you mean ${near}?`
}
