import { isBlank, type Line, lineBlanks, parseError, skip, type Token } from './source.ts'

/** The blanks that end an instruction's name and part plain words: fewer than those which are trimmed. */
export const plainBlanks = /[ \t\v\f\r]*/y
export const plainWord = /[^ \t\v\f\r]*/y

/** Words between `start` and `end`, parted by blanks only. */
export function plainWords({ text }: Line, start: number, end: number): Token[] {
  const words: Token[] = []
  for (let at = start; at < end; ) {
    const from = at
    at = Math.min(skip(plainWord, text, from), end)
    if (at > from) words.push({ text: text.slice(from, at), start: from, end: at })
    if (at < end) at = skip(plainBlanks, text, at)
  }
  return words
}

/** Letters that are nothing but themselves, in a word of any kind. */
const ordinary = /[^\s\u0085"'\\`]*/y

/** Words parted by blanks outside quotes. Quotes and escapes stay in the words, for the expansion to take off. */
export function quotedWords({ text }: Line, whole: Token, escape: string): Token[] {
  const words: Token[] = []
  let { end } = whole
  for (let at = whole.start; at < end; at = skip(lineBlanks, text, at)) {
    const from = at
    let quote = ''
    for (; at < end; at++) {
      at = skip(ordinary, text, at)
      if (at >= end) break
      const char = text[at]!
      if (!quote && isBlank(text.charCodeAt(at))) break
      if (char === escape && quote !== "'") {
        // At the very end it stands for nothing.
        if (at + 1 === end) {
          end = at
          break
        }
        at++
      } else if (char === quote) quote = ''
      else if (!quote && (char === '"' || char === "'")) quote = char
    }
    if (at > from) words.push({ text: text.slice(from, at), start: from, end: at })
  }
  return words
}

/** A flag without its quotes and escapes. */
export interface FlagToken extends Token {
  /** The index in the line of each character; undefined where it is written as it is. */
  readonly places: readonly number[] | undefined
}

/** The flags (`--name`, `--name=value`) at the beginning, without their quotes, and where what follows them begins. */
export function leadingFlags({ text }: Line, start: number, end: number): { flags: FlagToken[]; rest: number } {
  const flags: FlagToken[] = []
  for (let at = start; ; ) {
    at = Math.min(skip(lineBlanks, text, at), end)
    if (at >= end || !text.startsWith('--', at)) return { flags, rest: at }
    const flag = readFlag(text, at, end)
    at = flag.end
    if (flag.text === '--') return { flags, rest: Math.min(skip(lineBlanks, text, at), end) }
    flags.push(flag)
  }
}

function readFlag(text: string, start: number, end: number): FlagToken {
  let at = skip(ordinary, text, start)
  let word = text.slice(start, at)
  if (at >= end || isBlank(text.charCodeAt(at))) return { text: word, start, end: at, places: undefined }
  let quote = ''
  const places = Array.from({ length: word.length }, (_, i) => start + i)
  for (; at < end; at++) {
    const char = text[at]!
    if (!quote && isBlank(char.charCodeAt(0))) break
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
  return { text: word, start, end: Math.min(at, end), places }
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
