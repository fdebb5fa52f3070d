import { isBlank, type Line, parseError, type Token } from './source.ts'

/** Words between `start` and `end`, parted by blanks only. */
export function plainWords(line: Line, start: number, end: number): Token[] {
  const words: Token[] = []
  const { text } = line
  for (let at = start; at < end; ) {
    if (isPlainBlank(text[at]!)) {
      at++
      continue
    }
    const from = at
    while (at < end && !isPlainBlank(text[at]!)) at++
    words.push({ text: text.slice(from, at), start: from, end: at })
  }
  return words
}

/** The blanks that end an instruction's name and part plain words: fewer than those which are trimmed. */
export const isPlainBlank = (char: string) => char === ' ' || (char >= '\t' && char <= '\r' && char !== '\n')

/** Words parted by blanks outside quotes. Quotes and escapes stay in the words, for the expansion to take off. */
export function quotedWords(line: Line, { start, end }: Token, escape: string): Token[] {
  const words: Token[] = []
  const { text } = line
  let from = -1
  let quote = ''
  let at = start
  const finish = (to: number) => {
    if (from >= 0 && to > from) words.push({ text: text.slice(from, to), start: from, end: to })
    from = -1
  }
  while (at < end) {
    const char = text[at]!
    if (!quote && isBlank(char)) {
      finish(at++)
      continue
    }
    if (from < 0) from = at
    if (char === escape && quote !== "'") {
      // An escape character at the very end stands for nothing.
      if (at + 1 === end) break
      at += 2
      continue
    }
    if (char === quote) quote = ''
    else if (!quote && (char === '"' || char === "'")) quote = char
    at++
  }
  finish(at)
  return words
}

/** A flag without its quotes and escapes. */
export interface FlagToken extends Token {
  /** The index in the line of each character. */
  readonly places: readonly number[]
}

/** The flags (`--name`, `--name=value`) at the beginning, without their quotes, and where the arguments begin. */
export function leadingFlags(line: Line, start: number, end: number): { flags: FlagToken[]; rest: number } {
  const { text } = line
  const flags: FlagToken[] = []
  let at = start
  for (;;) {
    while (at < end && isBlank(text[at]!)) at++
    if (at >= end || !text.startsWith('--', at)) return { flags, rest: Math.min(at, end) }
    const from = at
    let word = ''
    let quote = ''
    const places: number[] = []
    for (; at < end; at++) {
      const char = text[at]!
      if (!quote && isBlank(char)) break
      // A flag's escapes are backslashes, whatever the escape directive says.
      if (char === '\\') {
        if (++at >= end) break
        word += text[at]
      } else if (char === quote) {
        quote = ''
        continue
      } else if (!quote && (char === '"' || char === "'")) {
        quote = char
        continue
      } else word += char
      places.push(at)
    }
    at = Math.min(at, end)
    if (word === '--') return { flags, rest: at }
    flags.push({ text: word, start: from, end: at, places })
  }
}

/**
 * A JSON array of strings. Undefined when it is no JSON array at all: then it is plain text.
 * Throws when it is one, of other things than strings.
 */
export function jsonStrings(line: Line, whole: Token): Token[] | undefined {
  if (!whole.text.startsWith('[')) return undefined
  let value: unknown
  try {
    value = JSON.parse(whole.text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const items = value as unknown[]
  if (!items.every((item): item is string => typeof item === 'string')) {
    throw parseError(
      'when using JSON array syntax, arrays must be comprised of strings only',
      line.range(whole.start, whole.end),
      'Put every element between double quotes.',
    )
  }
  const tokens: Token[] = []
  let at = whole.start
  for (const text of items) {
    const start = line.text.indexOf('"', at)
    at = start + 1
    while (line.text[at] !== '"') at += line.text[at] === '\\' ? 2 : 1
    tokens.push({ text: text.toWellFormed(), start, end: ++at })
  }
  return tokens
}
