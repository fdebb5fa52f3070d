import { nearest } from '../lib/mod.ts'
import { readFields } from './fields.ts'
import type { Node } from './nodes.ts'
import { parseError } from './source.ts'
import type { Flag } from './types.ts'

/** `text` must have a value, `texts` may be repeated, `boolean` may have none. */
type Kind = 'text' | 'texts' | 'boolean'

const ownership = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'texts' } as const

/** The flags of each instruction; ARG, STOPSIGNAL and `HEALTHCHECK NONE` ignore theirs, as docker does. */
const known: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  from: { platform: 'text' },
  run: { mount: 'texts', network: 'text', security: 'text', device: 'texts' },
  copy: { from: 'text', ...ownership, parents: 'boolean' },
  add: { ...ownership, 'keep-git-dir': 'boolean', checksum: 'text', unpack: 'boolean' },
  healthcheck: { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' },
}

/** Flags whose value is a list of fields, and what docker calls it. */
const listed: Readonly<Record<string, string>> = { mount: 'mounts', device: 'devices' }

/** Checks an instruction's flags against those that it has. */
export function readFlags(node: Node): Flag[] {
  const flags: Flag[] = []
  if (node.flags.length === 0) return flags
  const kinds = known[node.name] ?? {}
  for (const token of node.flags) {
    const equals = token.text.indexOf('=')
    const name = token.text.slice(2, equals < 0 ? undefined : equals)
    const value = equals < 0 ? undefined : token.text.slice(equals + 1)
    const range = node.line.range(token.start, token.end)
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (!kind) {
      const meant = nearest(name, Object.keys(kinds))
      const all = Object.keys(kinds).map((flag) => `--${flag}`)
      const keyword = node.name.toUpperCase()
      const list = all.length > 0 ? `${keyword} has ${all.join(', ')}.` : `${keyword} has no flags.`
      const where = node.line.range(token.start, Math.min(token.end, token.start + 2 + name.length))
      throw parseError(`unknown flag: --${name}`, where, meant ? `Did you mean --${meant}?` : list)
    }
    if (kind !== 'texts' && flags.some((flag) => flag.name === name)) {
      throw parseError(`duplicate flag specified: --${name}`, range, 'Write it once.')
    }
    if (kind === 'boolean') {
      if (value !== undefined && !/^(true|false)$/i.test(value)) {
        const message = `expecting boolean value for flag --${name}, not: ${value}`
        throw parseError(message, range, `Write --${name}, --${name}=true or --${name}=false.`)
      }
    } else if (value === undefined) {
      throw parseError(`missing a value on flag: --${name}`, range, `Write --${name}=VALUE, without blanks.`)
    }
    const what = listed[name]
    flags.push({ name, value, range, ...(what && { fields: readFields(node.line, token, what) }) })
  }
  return flags
}
