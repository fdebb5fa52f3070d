import { nearest } from '../lib/mod.ts'
import type { Command, Options, Values } from './command.ts'

/** What became of a verb's arguments. */
export type Parsed =
  | {
      readonly kind: 'call'
      readonly options: Values<Options>
      readonly args: readonly string[]
      readonly debug: boolean
    }
  | { readonly kind: 'help' }
  | UsageError

export interface UsageError {
  readonly kind: 'usage'
  readonly message: string
  readonly hint?: string | undefined
  /** As docker's: 125 for options, 1 for the number of arguments. */
  readonly exitCode: 125 | 1
}

/** Options that every verb takes, unless it gives the names another meaning (`run -h` is the host name). */
const everywhere = {
  help: { kind: 'boolean', short: 'h', help: 'Show this help' },
  debug: { kind: 'boolean', short: 'D', help: 'Show where errors come from' },
} as const satisfies Options

const truths = ['1', 't', 'T', 'true', 'TRUE', 'True']
const falsehoods = ['0', 'f', 'F', 'false', 'FALSE', 'False']

/**
 * Reads options and arguments by the grammar of docker's command line (the Go package pflag): `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-n=value`, bundles such as `-it`, and `--`. Options and arguments may be
 * mixed unless the verb has `optionsFirst`. An option given again replaces what it was, lists grow.
 */
export function parse(command: Command, words: readonly string[]): Parsed {
  const options: Options = { ...everywhere, ...command.options }
  const shorts = new Map<string, string>()
  for (const [name, { short }] of Object.entries({ ...everywhere, ...command.options })) {
    if (short && (!shorts.has(short) || name in command.options)) shorts.set(short, name)
  }
  const values: Record<string, boolean | string | number | string[] | undefined> = {}
  for (const [name, { kind }] of Object.entries(command.options)) if (kind === 'list') values[name] = []

  const args: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '--') {
      args.push(...words.slice(i + 1))
      break
    }
    if (word === '-' || !word.startsWith('-')) {
      if (command.optionsFirst) {
        args.push(...words.slice(i))
        break
      }
      args.push(word)
      continue
    }
    const given = word.startsWith('--') ? long(word) : short(word)
    if ('message' in given) return { kind: 'usage', exitCode: 125, ...given }
    for (const { name, value, shown } of given.settings) {
      const problem = set(name, value ?? words[++i], shown)
      if (problem) return { kind: 'usage', exitCode: 125, message: problem }
    }
  }
  if (values.help && !('help' in command.options)) return { kind: 'help' }
  const count = countProblem(command, args.length)
  if (count) return { kind: 'usage', exitCode: 1, message: count }
  return { kind: 'call', options: values as Values<Options>, args, debug: values.debug === true }

  function long(word: string): Given {
    const equals = word.indexOf('=')
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
    if (name === '' || name.startsWith('-')) return { message: `bad flag syntax: ${word}` }
    const option = own(options, name)
    if (!option) {
      const names = Object.keys(options)
      const close = names.find((one) => one.startsWith(name)) ?? nearest(name, names)
      const hint = own(command.instead ?? {}, name) ?? (close && `Did you mean --${close}?`)
      return { message: `unknown flag: --${name}`, hint }
    }
    const value = equals >= 0 ? word.slice(equals + 1) : option.kind === 'boolean' ? 'true' : option.bare
    return { settings: [{ name, value, shown: `--${name}` }] }
  }

  function short(word: string): Given {
    const settings: Setting[] = []
    for (let rest = word.slice(1); rest !== ''; ) {
      const [letter = ''] = rest
      const name = shorts.get(letter)
      if (!name) return { message: `unknown shorthand flag: '${letter}' in ${word}`, hint: longHint(word) }
      rest = rest.slice(letter.length)
      const shown = `'${letter}' in ${word}`
      if (rest.length > 1 && rest.startsWith('=')) {
        settings.push({ name, value: rest.slice(1), shown })
        break
      }
      if (options[name]!.kind === 'boolean') settings.push({ name, value: 'true', shown })
      else {
        settings.push({ name, value: rest === '' ? undefined : rest, shown })
        break
      }
    }
    return { settings }
  }

  /** `-name` where `--name` was meant. */
  function longHint(word: string): string | undefined {
    const name = word.slice(1).split('=')[0]!
    return own(options, name) ? `Did you mean -${word}?` : undefined
  }

  function set(name: string, value: string | undefined, shown: string): string | undefined {
    if (value === undefined) return `flag needs an argument: ${shown}`
    const option = options[name]!
    const invalid = (why: string) => {
      const flag = option.short ? `-${option.short}, --${name}` : `--${name}`
      return `invalid argument ${JSON.stringify(value)} for "${flag}" flag: ${why}`
    }
    if (option.kind === 'boolean') {
      if (!truths.includes(value) && !falsehoods.includes(value)) return invalid('must be true or false')
      values[name] = truths.includes(value)
    } else if (option.kind === 'number') {
      if (!/^[+-]?\d+(\.\d+)?$/.test(value)) return invalid('must be a number')
      values[name] = Number(value)
    } else if (option.kind === 'list') (values[name] as string[]).push(value)
    else values[name] = value
    return undefined
  }
}

interface Setting {
  readonly name: string
  /** Undefined when the value is the next word. */
  readonly value: string | undefined
  readonly shown: string
}

type Given =
  | { readonly settings: readonly Setting[] }
  | { readonly message: string; readonly hint?: string | undefined }

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

function countProblem({ name, args: { min, max } }: Command, count: number): string | undefined {
  if (count >= min && count <= max) return undefined
  const plural = (n: number) => `${n} argument${n === 1 ? '' : 's'}`
  const requires = `'strake ${name}' requires`
  if (max === 0) return `'strake ${name}' accepts no arguments`
  if (min === max) return `${requires} ${plural(min)}`
  if (max === Number.POSITIVE_INFINITY) return `${requires} at least ${plural(min)}`
  return count < min ? `${requires} at least ${plural(min)}` : `${requires} at most ${plural(max)}`
}
