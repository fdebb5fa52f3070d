import { StrakeError } from '../lib/mod.ts'
import { compilePattern, patternProblem } from './ignore-pattern.ts'
import { Source } from './source.ts'
import type { IgnoreMatcher, IgnorePattern } from './types.ts'

/**
 * Reads a `.dockerignore` as moby/patternmatcher's ignorefile does: a line that begins with `#` is a comment, blanks
 * around a pattern and a slash before it do not count, `.` and `..` are resolved.
 *
 * @throws `invalid` for a pattern that can't be understood, with its place in `file`
 */
export function parseIgnore(text: string | Uint8Array, file = '.dockerignore'): IgnorePattern[] {
  const source = new Source(text, file)
  const patterns: IgnorePattern[] = []
  let offset = 0
  for (const [index, line] of source.text.split('\n').entries()) {
    const start = offset
    offset += line.length + 1
    if (line.startsWith('#')) continue
    const written = line.trim()
    if (written === '') continue
    const exclusion = written.startsWith('!')
    const rest = exclusion ? written.slice(1).trim() : written
    const at = start + line.indexOf(written)
    const fail = (message: string, hint: string) =>
      new StrakeError('invalid', message, { range: source.range(at, at + written.length), source: source.text, hint })
    if (rest === '') throw fail('illegal exclusion pattern: "!"', 'Write the pattern behind the "!".')
    const cleaned = cleanPath(rest)
    const pattern = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned
    const problem = patternProblem(pattern)
    if (problem) throw fail(`syntax error in pattern ${JSON.stringify(pattern)}`, problem)
    patterns.push({ pattern, exclusion, line: index + 1 })
  }
  return patterns
}

/**
 * Reads patterns as moby/patternmatcher's New does, which is where those of `--exclude` and `--parents` go: blanks around
 * do not count, `.` and `..` are resolved, a slash before them stays. `line` is the place in the list.
 *
 * @throws `invalid` for a pattern that can't be understood
 */
export function parsePatterns(texts: readonly string[]): IgnorePattern[] {
  return texts.flatMap((text, index) => {
    const written = text.trim()
    if (written === '') return []
    const cleaned = cleanPath(written)
    const exclusion = cleaned.startsWith('!')
    const pattern = exclusion ? cleaned.slice(1) : cleaned
    if (pattern === '') throw new StrakeError('invalid', 'illegal exclusion pattern: "!"')
    const problem = patternProblem(pattern)
    if (problem)
      throw new StrakeError('invalid', `syntax error in pattern ${JSON.stringify(pattern)}`, { hint: problem })
    return [{ pattern, exclusion, line: index + 1 }]
  })
}

/** Go's filepath.Clean. */
function cleanPath(path: string): string {
  const rooted = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!rooted) parts.push(part)
  }
  return `${rooted ? '/' : ''}${parts.join('/')}` || '.'
}

/**
 * A matcher with the results of moby/patternmatcher's MatchesUsingParentResults, which is what a build's context goes
 * through: the last pattern that matches wins, and a pattern that has matched a directory matches all below it. A
 * pattern is only asked when it can change the result, so one that was not asked for a directory does not count below.
 */
export function ignoreMatcher(patterns: readonly IgnorePattern[]): IgnoreMatcher {
  const rules = patterns.map((source) => ({ source, matches: compilePattern(source.pattern) }))
  const [returning = [], ignoring = []] = [true, false].map((wanted) =>
    patterns.filter(({ exclusion }) => exclusion === wanted).map(({ pattern }) => pattern),
  )
  /** Which patterns have matched each directory. */
  const directories = new Map<string, Uint8Array>()

  function decide(path: string, matched?: Uint8Array): IgnorePattern | undefined {
    const slash = path.lastIndexOf('/')
    const above = slash < 0 ? undefined : directory(path.slice(0, slash))
    let by: IgnorePattern | undefined
    for (let i = 0; i < rules.length; i++) {
      const { source, matches } = rules[i]!
      if (!above?.[i] && (source.exclusion !== (by !== undefined) || !matches(path))) continue
      if (matched) matched[i] = 1
      by = source.exclusion ? undefined : source
    }
    return by
  }

  function directory(path: string): Uint8Array {
    let matched = directories.get(path)
    if (!matched) {
      matched = new Uint8Array(rules.length)
      decide(path, matched)
      directories.set(path, matched)
    }
    return matched
  }

  return {
    patterns,
    ignored: (path) => (path === '' || path === '.' ? undefined : decide(path)),
    mayReinclude: (path) => returning.some((pattern) => reachesBelow(pattern, `${path}/`)),
    mayIgnore: (path) => ignoring.some((pattern) => reachesBelow(pattern, `${path}/`)),
  }
}

/** Whether the pattern may match something below `directory`, which ends with a slash. */
function reachesBelow(pattern: string, directory: string): boolean {
  const wildcard = pattern.search(/[*?[\\]/)
  if (wildcard < 0) return pattern.startsWith(directory)
  const literal = pattern.slice(0, wildcard)
  return literal.startsWith(directory) || directory.startsWith(literal)
}
