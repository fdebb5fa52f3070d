import type { Engine } from '../engine/mod.ts'

/**
 * A verb of the command line, as data: the parser, `--help` and the completions are all made from it.
 * Grammar and names are docker's.
 */
export interface Command<O extends Options = Options> {
  /** `build`, `image prune`. */
  readonly name: string
  /** What follows the name in the usage line: `[OPTIONS] PATH | URL | -`. */
  readonly usage: string
  readonly summary: string
  /** A few lines of examples at the end of `--help`. */
  readonly examples?: readonly string[]
  readonly options: O
  /** Options of docker's that are not there, and what to do instead. */
  readonly instead?: Readonly<Record<string, string>>
  /** How many arguments it takes. */
  readonly args: { readonly min: number; readonly max: number }
  /** Options end at the first argument (`run`, `exec`): what follows belongs to the command in the container. */
  readonly optionsFirst?: boolean
  run(call: Call<O>): Promise<number>
}

export type Options = Readonly<Record<string, Option>>

/** An option's long name is its key in the table. A `list` option may be given several times. */
export interface Option {
  readonly kind: 'boolean' | 'string' | 'number' | 'list'
  readonly short?: string
  /** What stands for the value in the help: `list`, `string`, `file`. */
  readonly value?: string
  readonly help: string
  /** Shown in the help; the command applies it. */
  readonly default?: string
  /** The value of the option where none is given: `--require-cache`. With it, a value needs the `=`. */
  readonly bare?: string
  /** Accepted, but not in the help. */
  readonly hidden?: boolean
}

export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K]['kind'] extends 'boolean'
    ? boolean | undefined
    : O[K]['kind'] extends 'list'
      ? readonly string[]
      : O[K]['kind'] extends 'number'
        ? number | undefined
        : string | undefined
}

/** One call of a command. */
export interface Call<O extends Options = Options> {
  readonly options: Values<O>
  readonly args: readonly string[]
  readonly terminal: Terminal
  /** Fires at the first Ctrl-C or SIGTERM. Signals are left to the system until it is asked for. */
  readonly signal: AbortSignal
  /** The store, opened at the first call and closed after the command. */
  engine(): Engine
}

/** Where a command reads and writes. Results go to `out`; progress, warnings and errors to `err`. */
export interface Terminal {
  out(text: string | Uint8Array): void
  err(text: string | Uint8Array): void
  readonly stdin: NodeJS.ReadStream
  readonly outIsTerminal: boolean
  readonly errIsTerminal: boolean
  readonly inIsTerminal: boolean
  /** Colours for `err`; plain where NO_COLOR is set or it is no terminal. */
  readonly color: (name: 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim', text: string) => string
  readonly env: NodeJS.ProcessEnv
}

/** Keeps the literal types of the option table. */
export function command<const O extends Options>(definition: Command<O>): Command<O> {
  return definition
}
