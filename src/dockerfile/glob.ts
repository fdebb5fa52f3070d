/** Longer results are refused: a few lines that double a variable would fill the memory. In UTF-16 code units. */
export const maxLength = 16 * 1024 * 1024

/** Patterns of `${x#…}`, `${x%…}` and `${x/…/…}`: `*`, `?`, letters. A star matches no line break. */
export type GlobToken = { readonly kind: 'star' | 'any' } | { readonly kind: 'letter'; readonly letter: string }

/** Throws RangeError on a backslash that may not stand there. */
export function parseGlob(pattern: string): GlobToken[] {
  const tokens: GlobToken[] = []
  const letters = Array.from(pattern)
  for (let i = 0; i < letters.length; i++) {
    let letter = letters[i]!
    if (letter === '*') {
      tokens.push({ kind: 'star' })
      continue
    }
    if (letter === '?') {
      tokens.push({ kind: 'any' })
      continue
    }
    if (letter === '\\') {
      const next = letters[++i] ?? ''
      if (!/^[*?\\/}]$/.test(next)) throw new RangeError(`invalid escape '\\${next}'`)
      letter = next
    }
    tokens.push({ kind: 'letter', letter })
  }
  return tokens
}

/**
 * Finds the leftmost match at or after `from`, and of those the longest or the shortest. All ways through the pattern
 * are followed at once, so that no pattern takes more than letters × tokens steps.
 */
export function findGlob(
  tokens: readonly GlobToken[],
  letters: readonly string[],
  { from = 0, anchored = false, shortest = false } = {},
): [start: number, end: number] | undefined {
  let found: [number, number] | undefined
  // The leftmost start of those that have come as far as each token.
  let states: (number | undefined)[] = []
  for (let at = from; ; at++) {
    if (!found && (at === from || !anchored)) states[0] = Math.min(states[0] ?? at, at)
    for (let i = 0; i < tokens.length; i++) {
      const start = states[i]
      if (start !== undefined && tokens[i]!.kind === 'star') states[i + 1] = Math.min(states[i + 1] ?? start, start)
    }
    const start = states[tokens.length]
    if (start !== undefined && (!found || start <= found[0])) found = [start, at]
    if ((found && shortest) || at >= letters.length) return found
    const next: (number | undefined)[] = []
    let alive = false
    for (let i = 0; i < tokens.length; i++) {
      const start = states[i]
      if (start === undefined || (found && start > found[0])) continue
      const token = tokens[i]!
      const to = token.kind === 'star' ? i : i + 1
      if (token.kind === 'letter' ? token.letter !== letters[at] : letters[at] === '\n') continue
      next[to] = Math.min(next[to] ?? start, start)
      alive = true
    }
    states = next
    if (!alive && (found || anchored)) return found
  }
}

export function trimPrefix(value: string, pattern: string, shortest: boolean): string {
  const letters = Array.from(value)
  const found = findGlob(parseGlob(pattern), letters, { anchored: true, shortest })
  return found ? letters.slice(found[1]).join('') : value
}

export function trimSuffix(value: string, pattern: string, shortest: boolean): string {
  const letters = Array.from(value).reverse()
  const found = findGlob(parseGlob(pattern).reverse(), letters, { anchored: true, shortest })
  return found ? letters.slice(found[1]).reverse().join('') : value
}

/** Replaces the first match. */
export function replaceFirst(value: string, pattern: string, replacement: string): string {
  const letters = Array.from(value)
  const found = findGlob(parseGlob(pattern), letters)
  if (!found) return value
  return letters.slice(0, found[0]).join('') + replacement + letters.slice(found[1]).join('')
}

/** Replaces every match. Throws RangeError when that makes it too long. As in BuildKit (Go's ReplaceAllString), `$0` in the replacement is the match. */
export function replaceAll(value: string, pattern: string, replacement: string): string {
  const letters = Array.from(value)
  const tokens = parseGlob(pattern)
  let result = ''
  let copied = 0
  let from = 0
  let end = -1
  for (;;) {
    const found = findGlob(tokens, letters, { from })
    if (!found) return result + letters.slice(copied).join('')
    // An empty match right behind the one before it does not count.
    if (found[1] > found[0] || found[0] !== end) {
      const match = letters.slice(...found).join('')
      result += letters.slice(copied, found[0]).join('') + expandTemplate(replacement, match)
      if (result.length > maxLength) throw new RangeError('the result is too long')
      copied = found[1]
      end = found[1]
    }
    from = found[1] > found[0] ? found[1] : found[1] + 1
    if (from > letters.length) return result + letters.slice(copied).join('')
  }
}

const expandTemplate = (template: string, match: string) =>
  template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$'
    return /^0+$/.test(braced ?? bare ?? '') ? match : ''
  })
