import { StrakeError } from '../lib/mod.ts'
import type { Platform } from '../oci/mod.ts'

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

/** `linux/arm64/v8`, or an architecture alone. */
export function platformOf(text: string): Platform {
  const parts = text.toLowerCase().split('/')
  const [os = '', machine = '', variant] = parts.length === 1 ? ['linux', ...parts] : parts
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new StrakeError('invalid', `${JSON.stringify(text)} is not a platform`, { hint: 'Write it as linux/amd64.' })
  }
  const architecture = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' }[machine] ?? machine
  return { os, architecture, ...(variant && { variant }) }
}

/** The value of `build --network`. */
export function networkMode(text = 'default'): 'default' | 'host' | 'none' {
  if (text === 'bridge' || text === '') return 'default'
  if (text === 'default' || text === 'host' || text === 'none') return text
  throw new StrakeError('invalid', `network mode ${JSON.stringify(text)} not supported by build`, {
    hint: 'It is one of default, host, none.',
  })
}
