import { readFileSync } from 'node:fs'
import { byteCount, errno, StrakeError } from '../lib/mod.ts'
import { hostPlatform, type Platform, parsePlatform } from '../oci/mod.ts'

/** `name=value` each; a name alone has the empty value. */
export function pairs(values: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const value of values) {
    const [name, text] = split(value)
    found[name] = text ?? ''
  }
  return found
}

/** `name=value` each; a name alone takes its value from `env`, and is left out where there is none. */
export function buildArguments(values: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {}
  for (const value of values) {
    const [name, text = env[name]] = split(value)
    if (text !== undefined) found[name] = text
  }
  return found
}

function split(value: string): [string, string | undefined] {
  const equals = value.indexOf('=')
  const name = equals < 0 ? value : value.slice(0, equals)
  if (name === '') throw new StrakeError('invalid', `${JSON.stringify(value)} has no name before the =`)
  return [name, equals < 0 ? undefined : value.slice(equals + 1)]
}

/** The values of --build-context: `name=path`. */
export function namedContexts(values: readonly string[]): Record<string, string> {
  const contexts: Record<string, string> = {}
  for (const value of values) {
    const equals = value.indexOf('=')
    if (equals < 1 || equals === value.length - 1) {
      throw new StrakeError('invalid', `invalid build context ${JSON.stringify(value)}, expected NAME=VALUE`)
    }
    contexts[value.slice(0, equals)] = value.slice(equals + 1)
  }
  return contexts
}

/** The value of `build --network`. */
export function networkMode(text = 'default'): 'default' | 'host' | 'none' {
  if (text === 'bridge' || text === '') return 'default'
  if (text === 'default' || text === 'host' || text === 'none') return text
  throw new StrakeError('invalid', `network mode ${JSON.stringify(text)} not supported by build`, {
    hint: 'It is one of default, host, none.',
  })
}

/** `512m`, `1.5g`: bytes. The flag is named where it is wrong. */
export function byteSize(text: string, flag?: string): number {
  const count = byteCount(text)
  if (count !== undefined) return count
  const where = flag ? `invalid argument ${JSON.stringify(text)} for "${flag}" flag: ` : ''
  throw new StrakeError('invalid', `${where}invalid size: '${text}'`, { hint: 'Write it as 512m or 2g.' })
}

/**
 * The variables that `--env` and `--env-file` give a container, the files' first. A name alone takes its value from
 * `env`; without one there, it takes the variable away from what the image has.
 */
export function containerVariables(
  given: { readonly env: readonly string[]; readonly 'env-file': readonly string[] },
  env: NodeJS.ProcessEnv,
): string[] {
  const own = (entry: string) => (entry.includes('=') || env[entry] === undefined ? entry : `${entry}=${env[entry]}`)
  return [...given['env-file'].flatMap(readVariables), ...given.env].map((entry) => {
    if (entry.startsWith('=') || entry === '')
      throw new StrakeError('invalid', `invalid environment variable: ${entry}`)
    return own(entry)
  })
}

/** A file of `NAME=value` lines, with `#` comments; a value is taken as it stands. */
function readVariables(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (errno(cause) === undefined) throw cause
    throw new StrakeError('invalid', `can't read the env file ${path}: ${(cause as Error).message}`, { cause })
  }
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const name = line.split('=', 1)[0]!
      if (/\s/.test(name) || name === '') {
        const why = name === '' ? `no variable name on line '${line}'` : `variable '${name}' contains whitespaces`
        throw new StrakeError('invalid', `poorly formatted environment: ${why} (${path})`)
      }
      return line
    })
}

/** The values of --platform, each of which may be several with commas. Throws `invalid`. */
export function platforms(values: readonly string[]): Platform[] {
  const names = values.flatMap((value) => value.split(',')).map((text) => text.trim())
  return names.filter(Boolean).map((text) => (text === 'local' ? hostPlatform : parsePlatform(text)))
}
