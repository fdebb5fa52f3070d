import { nearest } from '../lib/mod.ts'
import type { Hint } from './rule.ts'

/** The line of an ignore file that leaves a path out. */
export interface IgnoredBy {
  /** `.dockerignore` when it is not given. */
  readonly file?: string
  readonly line: number
  /** As it is written. */
  readonly pattern: string
}

/**
 * A source of COPY or ADD that is not there.
 *
 * @param name as it is written
 * @param found.names paths that are there, near the place where it was looked for
 * @param found.ignoredBy given when the file is there, but left out
 * @param found.tree what was looked in: `the build context` when it is not given
 */
export function missingSource(
  name: string,
  found: {
    readonly names: readonly string[]
    readonly ignoredBy?: IgnoredBy | undefined
    readonly tree?: string | undefined
  },
): Hint {
  const { names, ignoredBy, tree = 'the build context' } = found
  if (ignoredBy) {
    const { file = '.dockerignore', line, pattern } = ignoredBy
    return {
      cause: `"${name}" is there, but line ${line} of ${file} (${pattern}) leaves it out.`,
      fix: `Take that line out, or add a line behind it: !${name.replace(/^\.?\//, '')}`,
    }
  }
  const wanted = name.replace(/^(?:\.?\/)+/, '')
  if (/^(?:\.\.\/|\.\.$)/.test(wanted)) {
    return {
      cause: `"${name}" lies outside ${tree}, and a build sees nothing outside it.`,
      fix: 'Build with the folder above as the context, and name the Dockerfile with -f.',
    }
  }
  if (names.includes(wanted)) {
    return {
      cause: `"${name}" is a symbolic link, and what it leads to is not in ${tree}.`,
      fix: `A link is read as if ${tree} were all there is: / is its top. Copy what is behind it to there.`,
    }
  }
  const base = (path: string) => path.split('/').at(-1) ?? path
  const elsewhere = names.find((path) => path !== wanted && base(path) === base(wanted))
  const meant = elsewhere ?? nearest(wanted, names)
  const cause = `There is no "${name}" in ${tree}.`
  if (meant !== undefined) return { cause, fix: `Did you mean "${meant}"?` }
  const some = names.slice(0, 5).join(', ')
  return {
    cause,
    fix: some
      ? `What is there: ${some}${names.length > 5 ? ', …' : ''}`
      : `Nothing is there: ${tree} may be another one than you meant.`,
  }
}
