import { StrakeError } from '../lib/mod.ts'
import { isRepository } from '../oci/mod.ts'

/** The namespace of docker's official images, and here of what administrators push for everybody. */
export const library = 'library'

const namespacePattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** Checks the name of a user, an organisation or a mirror: it is the first part of repositories' names. Throws `invalid`. */
export function parseNamespace(name: string): string {
  if (name.length > 64 || !namespacePattern.test(name)) {
    throw new StrakeError('invalid', `invalid name ${JSON.stringify(name.slice(0, 100))}`, {
      hint: 'Up to 64 lower case letters and digits, with single dots, dashes or underscores between them: alice, team-a',
    })
  }
  return name
}

/**
 * The full name of a repository: `app` is `library/app`, as on Docker Hub. Undefined for what is no name.
 */
export function repositoryName(text: string): string | undefined {
  const name = text.includes('/') ? text : `${library}/${text}`
  return isRepository(name) ? name : undefined
}

/** Checks the name of a repository that a person wrote. Throws `invalid`. */
export function parseRepository(text: string): string {
  const name = repositoryName(text)
  if (name === undefined) {
    const hint = 'A namespace and a name, in lower case: alice/app'
    throw new StrakeError('invalid', `invalid repository name ${JSON.stringify(text.slice(0, 300))}`, { hint })
  }
  return name
}

export function namespaceOf(repository: string): string {
  return repository.slice(0, repository.indexOf('/'))
}

/** Whether the pattern of a token, a name with `*` for any part of it, is a name's. */
export function matchesPattern(name: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const last = parts.pop()!
  if (parts.length === 0) return name === last
  let at = 0
  for (const [i, part] of parts.entries()) {
    const found = i === 0 ? (name.startsWith(part) ? 0 : -1) : name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
