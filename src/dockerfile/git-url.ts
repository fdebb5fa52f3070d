import { nearest, StrakeError } from '../lib/mod.ts'

/** A git repository, and what of it is wanted. */
export interface GitUrl {
  /** What git itself is asked for: without query and fragment. */
  readonly remote: string
  /** A branch, a tag, a full commit id, or `refs/…`. Undefined: the repository's default branch. */
  readonly ref: string | undefined
  /** The folder of the repository that is the root then. */
  readonly subdir: string | undefined
  /** The commit id that `ref` must be, or the beginning of it (hexadecimal). */
  readonly checksum: string | undefined
  /** Undefined where the URL does not say. */
  readonly keepGitDir: boolean | undefined
  readonly submodules: boolean
}

const scp = /^([\w-]+@[a-zA-Z0-9.-]+:[^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s
const url = /^([a-zA-Z0-9]+):\/\/([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s

/**
 * Reads a git URL as BuildKit's dfgitutil does: `https://host/repo.git`, `git://…`, `ssh://…`, `git@host:repo`, each with
 * `#ref:subdir` or `?ref=…&subdir=…` (also `tag`, `branch`, `checksum`, `commit`, `keep-git-dir`, `submodules`).
 * Over HTTP only what ends with `.git` is a repository.
 *
 * @param context the URL of a context, which may also be `github.com/…` and a repository of this machine, `file://…`
 * @returns undefined for anything else; throws `invalid` for a repository whose query can't be understood
 */
export function parseGitUrl(text: string, { context = false } = {}): GitUrl | undefined {
  const [, remote, query = '', fragment = ''] = scp.exec(text) ?? asUrl(text, context) ?? []
  if (remote === undefined) return undefined
  const [ref = '', ...subdir] = fragment.split(':')
  return readQuery(text, remote, { query, ref, subdir: subdir.join(':') })
}

function asUrl(
  text: string,
  context: boolean,
): [whole: string, remote: string, query: string | undefined, fragment: string | undefined] | undefined {
  const github = context && text.startsWith('github.com/')
  const [, scheme = '', rest = '', query, fragment] = url.exec(github ? `https://${text}` : text) ?? []
  const protocol = scheme.toLowerCase()
  const http = protocol === 'http' || protocol === 'https'
  const known = protocol === 'git' || protocol === 'ssh' || (context && protocol === 'file')
  if (http ? !github && !/^[^/]+\/.*\.git$/s.test(rest) : !known) return undefined
  return [text, `${protocol}://${rest}`, query, fragment]
}

const keys = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'keep-git-dir', 'submodules']

function readQuery(
  text: string,
  remote: string,
  { query, ref: fromRef, subdir: fromSubdir }: { query: string; ref: string; subdir: string },
): GitUrl {
  const fail = (message: string, hint?: string) =>
    new StrakeError('invalid', `${message} in ${text}`, { hint: hint ?? `A git URL's query has ${keys.join(', ')}.` })
  const given = new Map<string, string>()
  for (const [key, value] of new URLSearchParams(query)) {
    if (!keys.includes(key)) {
      const meant = nearest(key, keys)
      throw fail(`unexpected query "${key}"`, meant && `Did you mean ${meant}?`)
    }
    if (given.has(key)) throw fail(`query "${key}" has multiple values`)
    if (value === '' && key !== 'submodules' && key !== 'keep-git-dir') throw fail(`query "${key}" has no value`)
    given.set(key, value)
  }
  const agree = (what: string, first: string, second: string) => {
    if (first !== '' && second !== '' && first !== second) throw fail(`${what} conflicts: "${first}" vs "${second}"`)
    return second || first
  }
  const boolean = (key: string) => {
    const value = given.get(key)
    if (value === undefined) return undefined
    if (value === '' || isTrue(value)) return true
    if (isFalse(value)) return false
    throw fail(`invalid ${key} value: "${value}"`, 'It is true or false.')
  }
  if (given.has('branch') && given.has('tag')) throw fail('branch conflicts with tag')
  const full = (key: string, prefix: string) => {
    const name = given.get(key) ?? ''
    return name === '' || name.startsWith(prefix) ? name : prefix + name
  }
  let ref = agree('ref', fromRef, given.get('ref') ?? '')
  ref = agree('ref', ref, full('tag', 'refs/tags/'))
  ref = agree('ref', ref, full('branch', 'refs/heads/'))
  return {
    remote,
    ref: ref || undefined,
    subdir: agree('subdir', fromSubdir, given.get('subdir') ?? '') || undefined,
    checksum: agree('checksum', given.get('commit') ?? '', given.get('checksum') ?? '') || undefined,
    keepGitDir: boolean('keep-git-dir'),
    submodules: boolean('submodules') ?? true,
  }
}

/** Go's strconv.ParseBool. */
export const isTrue = (text: string) => ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)
export const isFalse = (text: string) => ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)
