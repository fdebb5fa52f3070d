import { StrakeError } from '../lib/mod.ts'
import { isPlain, Lexer, type LexerOptions } from './lexer.ts'
import type { Environment, Word } from './types.ts'

type Escape = '\\' | '`'

/**
 * Expands `$x`, `${x}`, `${x:-y}`, … and takes quotes and escapes off. One word stays one word.
 *
 * @throws `invalid`, with the word's range where it has one
 */
export function expand(word: Word | string, env: Environment, escape: Escape): string {
  const text = typeof word === 'string' ? word : word.text
  // Most words have nothing in them to expand.
  if (isPlain(text)) return text
  return inWord(word, { env, escape }, (lexer) => lexer.word())
}

/** As `expand`, but unquoted blanks part words, also those that come out of variables. */
export function expandWords(word: Word | string, env: Environment, escape: Escape): string[] {
  return inWord(word, { env, escape }, (lexer) => lexer.words())
}

/** Expands the content of a here-document of COPY or ADD: quotes are ordinary letters, the escape is a backslash. */
export function expandHeredoc(content: string, env: Environment): string {
  return new Lexer(content, { env, quotes: 'plain' }).word()
}

/** Names of the variables that expanding the word asks for, each once. Throws `invalid`. */
export function variables(word: Word | string, escape: Escape): string[] {
  const names = new Set<string>()
  const env = (name: string) => {
    names.add(name)
    return undefined
  }
  inWord(word, { env, escape, unset: 'allow' }, (lexer) => lexer.word())
  return [...names]
}

function inWord<T>(word: Word | string, options: LexerOptions, read: (lexer: Lexer) => T): T {
  if (typeof word === 'string') return read(new Lexer(word, options))
  try {
    return read(new Lexer(word.text, options))
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    throw new StrakeError(error.code, error.message, { range: word.range, hint: error.hint, cause: error })
  }
}
