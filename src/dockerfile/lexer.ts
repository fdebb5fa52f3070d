import { StrakeError } from '../lib/mod.ts'
import { maxLength, replaceAll, replaceFirst, trimPrefix, trimSuffix } from './glob.ts'
import { blank, isBlank, skip } from './source.ts'
import type { Environment } from './types.ts'

export interface LexerOptions {
  readonly env?: Environment
  readonly escape?: '\\' | '`'
  /** `keep`: quotes stay in the result. `plain`: they are ordinary letters. */
  readonly quotes?: 'keep' | 'plain'
  /** `keep`: escape characters stay in the result. */
  readonly escapes?: 'keep'
  /** `keep`: a variable that is not set stays as it is written. `allow`: `${x:?}` does not fail. */
  readonly unset?: 'keep' | 'allow'
}

const closeQuote = 'Close the quote, or put a backslash before one that is an ordinary character.'
const knownModifiers =
  'These are known: ${x:-default} ${x:+alternative} ${x:?message} ${x#prefix} ${x%suffix} ${x/old/new}'
const closeBrace = 'Close the variable with }.'

/** Deeper nesting of `${…}` is refused, before it fills the stack. */
const maxDepth = 200

/** Letters that stand for nothing but themselves: anywhere, before a `}` or `/` that may end a part, in double quotes, in names. */
const ordinary = /[^$"'<\\`]*/y
const ordinaryInPart = /[^$"'<\\`}/]*/y
const ordinaryInQuotes = /[^$"\\`]*/y
const nameLetters = /\w*/y

/** Whether expanding `text` gives the text itself. */
export const isPlain = (text: string): boolean => skip(ordinary, text, 0) === text.length

/** Words as they grow piece by piece: unquoted blanks end them. */
class Words {
  readonly list: string[] = []
  #word = ''

  add(text: string): void {
    const parts = text.split(blank)
    for (let i = 0; i < parts.length; i++) {
      if (i > 0) this.finish()
      this.#word += parts[i]!
    }
  }

  addRaw(text: string): void {
    this.#word += text
  }

  finish(): void {
    if (this.#word !== '') this.list.push(this.#word)
    this.#word = ''
  }
}

/** Expansion of one word, as BuildKit's frontend/dockerfile/shell does it. A lexer is used once. */
export class Lexer {
  readonly #source: string
  readonly #options: LexerOptions
  readonly #escape: string
  #keepEscapes: boolean
  #at = 0
  #depth = 0

  constructor(source: string, options: LexerOptions = {}) {
    this.#source = source
    this.#options = options
    this.#escape = options.escape ?? '\\'
    this.#keepEscapes = options.escapes === 'keep'
  }

  /** The expanded word. Throws `invalid`. */
  word(): string {
    return this.#until(undefined, this.#keepEscapes)
  }

  /** The expanded words. Throws `invalid`. */
  words(): string[] {
    const words = new Words()
    this.#until(undefined, this.#keepEscapes, words)
    return words.list
  }

  /** Undefined when there is an error in it. */
  tryWords(): string[] | undefined {
    try {
      return this.words()
    } catch (error) {
      if (error instanceof StrakeError) return undefined
      throw error
    }
  }

  #fail(message: string, hint?: string): StrakeError {
    const start = this.#source.slice(0, 200)
    const source = JSON.stringify(start === this.#source ? start : `${start}…`)
    return new StrakeError('invalid', `failed to process ${source}: ${message}`, { hint })
  }

  /** The next whole character, empty at the end. */
  #peek(): string {
    const code = this.#source.codePointAt(this.#at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #next(): string {
    const char = this.#peek()
    this.#at += char.length
    return char
  }

  /** The letters that `pattern` stands for. */
  #run(pattern: RegExp): string {
    const start = this.#at
    this.#at = skip(pattern, this.#source, start)
    return this.#source.slice(start, this.#at)
  }

  /** Expands what stands before `stop`, and fills `words` where they are asked for. */
  #until(stop: string | undefined, keepEscapes: boolean, words?: Words): string {
    const outer = this.#keepEscapes
    this.#keepEscapes = keepEscapes
    let text = ''
    for (;;) {
      const char = this.#source[this.#at]
      if (char === stop) break
      if (char === undefined) throw this.#fail(`unexpected end of statement while looking for matching ${stop}`)
      if (char === '$') {
        const value = this.#dollar()
        text += value
        words?.add(value)
      } else if (char === '<' || ((char === "'" || char === '"') && this.#options.quotes !== 'plain')) {
        const value = char === '<' ? this.#heredoc() : char === '"' ? this.#doubleQuotes() : this.#singleQuotes()
        text += value
        words?.addRaw(value)
      } else if (char === this.#escape) {
        this.#at++
        const value = (this.#keepEscapes ? char : '') + this.#next()
        text += value
        words?.addRaw(value)
      } else {
        const letters = this.#run(stop === undefined ? ordinary : ordinaryInPart) || this.#next()
        text += letters
        words?.add(letters)
      }
      if (text.length > maxLength) throw this.#fail('the result is too long')
    }
    if (stop !== undefined) this.#at++
    words?.finish()
    this.#keepEscapes = outer
    return text
  }

  /** `<<` holds on to the blanks behind it, so that `<< EOF` is one word. */
  #heredoc(): string {
    const start = this.#at++
    if (this.#peek() === '<') {
      this.#at++
      while (this.#at < this.#source.length && isBlank(this.#source.charCodeAt(this.#at))) this.#at++
    }
    return this.#source.slice(start, this.#at)
  }

  #singleQuotes(): string {
    const start = this.#at
    const end = this.#source.indexOf("'", start + 1)
    if (end < 0) throw this.#fail('unexpected end of statement while looking for matching single-quote', closeQuote)
    this.#at = end + 1
    return this.#options.quotes === 'keep' ? this.#source.slice(start, end + 1) : this.#source.slice(start + 1, end)
  }

  #doubleQuotes(): string {
    const quote = this.#options.quotes === 'keep' ? '"' : ''
    this.#at++
    let text = quote
    for (;;) {
      text += this.#run(ordinaryInQuotes)
      const char = this.#source[this.#at]
      if (char === undefined)
        throw this.#fail('unexpected end of statement while looking for matching double-quote', closeQuote)
      if (char === '$') {
        text += this.#dollar()
        continue
      }
      this.#at++
      if (char === '"') return text + quote
      if (char !== this.#escape) {
        text += char
        continue
      }
      if (this.#keepEscapes) text += char
      const next = this.#source[this.#at]
      if (next === undefined) continue
      // Only these are escaped here; before others the escape character stands for itself.
      text += next === '"' || next === '$' || next === this.#escape ? this.#next() : char
    }
  }

  #dollar(): string {
    this.#at++
    if (this.#source[this.#at] !== '{') {
      const name = this.#name()
      if (name === '') return '$'
      return this.#get(name) ?? (this.#options.unset === 'keep' ? `$${name}` : '')
    }
    this.#at++
    const first = this.#peek()
    if (first === '') throw this.#fail("syntax error: missing '}'", closeBrace)
    if (first === '{' || first === '}' || first === ':') throw this.#fail('syntax error: bad substitution')
    if (++this.#depth > maxDepth) throw this.#fail('variables are nested too deeply')
    const value = this.#braced(this.#name())
    this.#depth--
    return value
  }

  #braced(name: string): string {
    const keep = this.#options.unset === 'keep'
    let modifier = this.#next()
    if (modifier === '') throw this.#fail("syntax error: missing '}'", closeBrace)
    if (modifier === '}') return this.#get(name) ?? (keep ? `\${${name}}` : '')
    if (modifier === '/') return this.#replacement(name)
    const colon = modifier === ':' ? ':' : ''
    if (colon) modifier = this.#next()
    else if (!'+-?#%'.includes(modifier))
      throw this.#fail(
        `unsupported modifier (${JSON.stringify(modifier).slice(1, -1)}) in substitution`,
        knownModifiers,
      )
    const word = this.#part('}', modifier === '#' || modifier === '%', "syntax error: missing '}'")
    const value = this.#get(name)
    if (keep && value === undefined) return `\${${name}${colon}${modifier}${word}}`
    const missing = value === undefined || (colon !== '' && value === '')
    switch (modifier) {
      case '-':
        return missing ? word : value
      case '+':
        return missing ? '' : word
      case '?':
        if (!missing || this.#options.unset === 'allow') return value ?? ''
        throw this.#fail(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`)
      case '#':
      case '%': {
        const trim = modifier === '#' ? trimPrefix : trimSuffix
        const longest = word.startsWith(modifier)
        const pattern = longest ? word.slice(1) : word
        return this.#match(pattern, () => trim(value ?? '', pattern, !longest))
      }
      default:
        throw this.#fail(`unsupported modifier (${colon}${modifier}) in substitution`, knownModifiers)
    }
  }

  /** `${name/pattern/replacement}`, with `//` for all matches. */
  #replacement(name: string): string {
    const all = this.#peek() === '/'
    if (all) this.#next()
    const pattern = this.#part('/', true, "syntax error: missing '/' in ${}")
    const replacement = this.#part('}', true, "syntax error: missing '}'")
    const value = this.#get(name)
    if (this.#options.unset === 'keep' && value === undefined) return `\${${name}/${pattern}/${replacement}}`
    return this.#match(pattern, () => (all ? replaceAll : replaceFirst)(value ?? '', pattern, replacement))
  }

  #match(pattern: string, apply: () => string): string {
    try {
      return apply()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw this.#fail(`invalid pattern (${pattern}) in substitution: ${error.message}`)
    }
  }

  /** What stands before `stop`, expanded. */
  #part(stop: string, keepEscapes: boolean, missing: string): string {
    try {
      return this.#until(stop, keepEscapes)
    } catch (error) {
      throw error instanceof StrakeError && this.#peek() === '' ? this.#fail(missing, closeBrace) : error
    }
  }

  #get(name: string): string | undefined {
    return this.#options.env?.(name)
  }

  /** A name, a number, or one of the shell's special parameters. */
  #name(): string {
    const start = this.#at
    const first = this.#peek()
    if (isDigit(first)) {
      while (isDigit(this.#peek())) this.#next()
    } else if (first !== '' && '@*#?-$!0'.includes(first)) this.#next()
    else {
      this.#run(nameLetters)
      while (isWideLetter(this.#peek())) {
        this.#next()
        this.#run(nameLetters)
      }
    }
    return this.#source.slice(start, this.#at)
  }
}

const isDigit = (char: string): boolean => (char > '\x7f' ? /^\p{Nd}$/u.test(char) : char >= '0' && char <= '9')

/** Of a variable's name. The pattern takes long to compile, and hardly any name needs it. */
const isWideLetter = (char: string): boolean => char > '\x7f' && /^[\p{L}\p{Nd}]$/u.test(char)
