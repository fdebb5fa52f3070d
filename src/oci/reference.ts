import { StrakeError } from '../lib/mod.ts'
import { type Digest, parseDigest } from './digest.ts'

/** A normalised image name, as github.com/distribution/reference defines it. */
export interface Reference {
  /** `docker.io`, `localhost:5000`, … */
  readonly registry: string
  /** `library/ubuntu`, `alice/app`, … */
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const tagPattern = /^[\w][\w.-]{0,127}$/
const registryPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/

/** Whether the text is the name of a repository within a registry: `library/ubuntu`. */
export function isRepository(text: string): boolean {
  return text.length <= 255 && text.split('/').every((part) => component.test(part))
}

/** Whether the text can be a tag. */
export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

/**
 * Reads a name as docker does: `ubuntu` is `docker.io/library/ubuntu:latest`.
 *
 * @param text what a person wrote
 * @returns the reference; without tag and digest, the tag is `latest`
 * @throws `invalid`, with a hint where the cause is well known
 */
export function parseReference(text: string): Reference {
  const fail = (why: string, hint?: string) => new StrakeError('invalid', `invalid reference format: ${why}`, { hint })
  if (text === '') throw fail('the name is empty')
  if (/^[a-f0-9]{64}$/.test(text)) throw fail(`"${text}" is an id, not a name`)
  let rest = text
  let digest: Digest | undefined
  const at = rest.indexOf('@')
  if (at >= 0) {
    digest = parseDigest(rest.slice(at + 1))
    rest = rest.slice(0, at)
  }
  let registry = 'docker.io'
  const slash = rest.indexOf('/')
  const first = rest.slice(0, slash)
  if (slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())) {
    if (!registryPattern.test(first)) throw fail(`"${first}" is not the name of a registry`)
    registry = first === 'index.docker.io' ? 'docker.io' : first
    rest = rest.slice(slash + 1)
  }
  let tag: string | undefined
  const colon = rest.lastIndexOf(':')
  if (colon >= 0 && !rest.slice(colon).includes('/')) {
    tag = rest.slice(colon + 1)
    rest = rest.slice(0, colon)
    if (!tagPattern.test(tag)) throw fail(`"${tag}" is not a tag`)
  }
  if (rest !== rest.toLowerCase()) {
    throw fail(`repository name "${rest}" must be lowercase`, `Write ${text.replace(rest, rest.toLowerCase())}.`)
  }
  for (const part of rest.split('/')) if (!component.test(part)) throw fail(`"${rest}" is not a repository name`)
  if (registry === 'docker.io' && !rest.includes('/')) rest = `library/${rest}`
  if (rest.length > 255) throw fail('repository name must not be more than 255 characters')
  if (!tag && !digest) tag = 'latest'
  return { registry, repository: rest, ...(tag && { tag }), ...(digest && { digest }) }
}

/** The shortest name that means the same: `ubuntu` for docker.io/library/ubuntu, without tag and digest. */
export function familiarName(ref: Reference): string {
  if (ref.registry !== 'docker.io') return `${ref.registry}/${ref.repository}`
  return ref.repository.startsWith('library/') ? ref.repository.slice('library/'.length) : ref.repository
}

/** The whole, normalised name: `docker.io/library/app:1.0`. `parseReference` gives the same reference again. */
export function referenceString({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`
}

/** The name as docker shows it: `app:1.0`, `localhost:5000/app:1.0`. */
export function familiarString(ref: Reference): string {
  return `${familiarName(ref)}${ref.tag ? `:${ref.tag}` : ''}${ref.digest ? `@${ref.digest}` : ''}`
}
