/** One part of a pattern: what it matches of a path. */
type Part =
  | { readonly kind: 'letter'; readonly letter: string }
  /** `[a-z]`: a slash may be in it. */
  | { readonly kind: 'class'; readonly regexp: RegExp }
  /** `?`: no slash. */
  | { readonly kind: 'any' }
  /** `*`: letters without a slash. */
  | { readonly kind: 'star' }
  /** `**` with more behind it: nothing, or directories with their last slash. */
  | { readonly kind: 'deep' }
  /** `**` at the end: everything. */
  | { readonly kind: 'all' }

/** What is wrong with a pattern, in a sentence for the person who wrote it. Undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    parse(pattern)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

/** A test for paths. The pattern must have no problem. */
export function compilePattern(pattern: string): (path: string) => boolean {
  const parts = parse(pattern)
  const letters = (from: number, to?: number) => literal(parts.slice(from, to))
  const whole = letters(0)
  if (whole !== undefined) return (path) => path === whole
  if (parts.length === 1 && parts[0]!.kind === 'all') return () => true
  const before = parts.at(-1)!.kind === 'all' ? letters(0, -1) : undefined
  if (before !== undefined) return (path) => path.startsWith(before)
  const after = pattern.startsWith('**') ? letters(1) : undefined
  if (after !== undefined && parts[0]!.kind === 'deep') {
    // Without a slash behind it, "**foo" is all that ends with "foo".
    if (!pattern.startsWith('**/')) return (path) => path.endsWith(after)
    const suffix = `/${after}`
    return (path) => path === after || path.endsWith(suffix)
  }
  const slow = matchWildcards(parts)
  // Most paths fail at one of the ends.
  const head = letters(
    0,
    parts.findIndex(({ kind }) => kind !== 'letter'),
  )!
  const tail = letters(parts.findLastIndex(({ kind }) => kind !== 'letter') + 1)!
  return (path) => path.startsWith(head) && path.endsWith(tail) && slow(path)
}

/**
 * A regular expression's backtracking is harmless with few wildcards; with many, all ways through the pattern are
 * followed at once.
 */
function matchWildcards(parts: readonly Part[]): (path: string) => boolean {
  const wild = parts.filter(({ kind }) => kind === 'star' || kind === 'deep' || kind === 'all').length
  if (wild > 2) return (path) => simulate(parts, path)
  const regexp = new RegExp(`^${parts.map(regexpSource).join('')}$`, 'u')
  return (path) => regexp.test(path)
}

function literal(parts: readonly Part[]): string | undefined {
  let text = ''
  for (const part of parts) {
    if (part.kind !== 'letter') return undefined
    text += part.letter
  }
  return text
}

const special = /[\\^$.*+?()[\]{}|/]/

function regexpSource(part: Part): string {
  switch (part.kind) {
    case 'letter':
      return special.test(part.letter) ? `\\${part.letter}` : part.letter
    case 'class':
      return part.regexp.source
    case 'any':
      return '[^\\/]'
    case 'star':
      return '[^\\/]*'
    case 'deep':
      return '(?:[^\\n]*\\/)?'
    case 'all':
      return '[^\\n]*'
  }
}

/** Follows all ways through the pattern at once: letters × parts steps, whatever the pattern. */
function simulate(parts: readonly Part[], path: string): boolean {
  // Two states for a part: it is reached (2i), and it is being repeated (2i + 1).
  let states = new Set<number>()
  const reach = (set: Set<number>, from: number) => {
    // What may stand for nothing is passed at once; what is reached already, all behind it is too.
    for (let i = from; !set.has(2 * i); i++) {
      set.add(2 * i)
      const kind = parts[i]?.kind
      if (kind !== 'star' && kind !== 'deep' && kind !== 'all') return
    }
  }
  reach(states, 0)
  for (const char of path) {
    const next = new Set<number>()
    for (const state of states) {
      const i = state >> 1
      const part = parts[i]
      if (!part) continue
      if (part.kind === 'star') {
        if (char !== '/') reach(next, i)
      } else if (part.kind === 'all') {
        if (char !== '\n') reach(next, i)
      } else if (part.kind === 'deep') {
        if (char !== '\n') next.add(2 * i + 1)
        if (char === '/') reach(next, i + 1)
      } else if (matchesLetter(part, char)) reach(next, i + 1)
    }
    states = next
  }
  return states.has(2 * parts.length)
}

function matchesLetter(part: Exclude<Part, { kind: 'star' | 'deep' | 'all' }>, char: string): boolean {
  if (part.kind === 'letter') return part.letter === char
  if (part.kind === 'any') return char !== '/'
  return part.regexp.test(char)
}

/** Throws RangeError for what Go's filepath.Match does not accept. */
function parse(pattern: string): Part[] {
  const letters = Array.from(pattern)
  const parts: Part[] = []
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!
    if (letter === '*' && letters[at + 1] === '*') {
      at += letters[at + 2] === '/' ? 2 : 1
      parts.push({ kind: at + 1 < letters.length ? 'deep' : 'all' })
    } else if (letter === '*') parts.push({ kind: 'star' })
    else if (letter === '?') parts.push({ kind: 'any' })
    else if (letter === '[') {
      const { source, end } = characterClass(letters, at)
      parts.push({ kind: 'class', regexp: new RegExp(source, 'u') })
      at = end
    } else if (letter === '\\') parts.push({ kind: 'letter', letter: escaped(letters[++at]) })
    else parts.push({ kind: 'letter', letter })
  }
  return parts
}

/** Letters and digits can't be escaped: moby hands them to a regular expression, where they mean something else. */
function escaped(letter: string | undefined): string {
  if (letter === undefined) throw new RangeError('Nothing stands behind the last backslash.')
  if (/[a-zA-Z0-9]/.test(letter)) throw new RangeError(`Take the backslash before ${letter} away: it needs none.`)
  return letter
}

/** A class that begins at `at`: `[abc]`, `[a-z]`, `[^abc]`. `end` is the place of its `]`. */
function characterClass(letters: readonly string[], at: number): { source: string; end: number } {
  let i = at + 1
  const negated = letters[i] === '^'
  if (negated) i++
  const item = (): string => {
    const letter = letters[i++]
    if (letter === undefined || letter === '-' || letter === ']') {
      throw new RangeError('A "[" begins a class of letters: [abc], [a-z] or [^abc]. Write \\[ for the letter itself.')
    }
    return letter === '\\' ? escaped(letters[i++]) : letter
  }
  let source = ''
  do {
    const low = item()
    source += quoted(low)
    if (letters[i] !== '-') continue
    i++
    const high = item()
    if (low.codePointAt(0)! > high.codePointAt(0)!) throw new RangeError(`Nothing is between ${low} and ${high}.`)
    source += `-${quoted(high)}`
  } while (letters[i] !== ']')
  return { source: `[${negated ? '^' : ''}${source}]`, end: i }
}

const quoted = (letter: string) => `\\u{${letter.codePointAt(0)!.toString(16)}}`
