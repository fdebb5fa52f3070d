import { StrakeError } from '../lib/mod.ts'
import type { Unset } from './evaluated.ts'
import { expandHeredoc, expandWords } from './expand.ts'
import { isPlain, Lexer } from './lexer.ts'
import { likeliest } from './likeliest.ts'
import type { Scope } from './scope.ts'
import type { Environment, Heredoc, Word } from './types.ts'

/** Variables of which no one need be told (BuildKit's nonEnvArgs). */
const silent = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']

const none: readonly never[] = []

/** Expands the words of a stage, and keeps account of the variables that they ask for in vain. */
export class WordReader {
  readonly env: Scope
  /** What ARG has declared. */
  readonly args: Set<string>
  /** Nothing but what is in `env` can be set. */
  readonly known: boolean
  readonly #escape: '\\' | '`'
  readonly #missing = new Set<string>()
  #unset: Unset[] = []

  constructor({ env, args, known }: Pick<WordReader, 'env' | 'args' | 'known'>, escape: '\\' | '`') {
    this.env = env
    this.args = args
    this.known = known
    this.#escape = escape
  }

  /** The expanded word; as it is written where it can't be expanded. */
  word(word: Word | string): string {
    const text = typeof word === 'string' ? word : word.text
    if (isPlain(text)) return text
    return this.#told(() => new Lexer(text, { env: this.#get, escape: this.#escape }).word()) ?? text
  }

  heredoc({ content, expand }: Heredoc): void {
    if (expand) this.#told(() => expandHeredoc(content, this.#get))
  }

  /** Of EXPOSE: Docker says nothing of variables that are not set there. */
  ports(word: Word): readonly string[] {
    const { text } = word
    return attempt(() => expandWords(text, (name) => this.env.get(name), this.#escape)) ?? none
  }

  /** What was asked for in vain since the last call. */
  takeUnset(): readonly Unset[] {
    const unset = this.#unset
    if (unset.length === 0) return none
    this.#unset = []
    return unset
  }

  readonly #get: Environment = (name) => {
    const value = this.env.get(name)
    if (value === undefined) this.#missing.add(name)
    return value
  }

  #told(read: () => string): string | undefined {
    const text = attempt(read)
    if (this.#missing.size === 0) return text
    for (const name of this.#missing) {
      if (this.args.has(name) || silent.includes(name)) continue
      const meant = likeliest(name, this.env.names())
      // A base that is not known may have set it: then only what looks like a slip of the pen is told.
      if (this.known || (meant && meant !== 'PATH')) this.#unset.push({ name, meant })
    }
    this.#missing.clear()
    return text
  }
}

/** Undefined where it fails: whatever is wrong with the Dockerfile, the build says. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof StrakeError) return undefined
    throw error
  }
}
