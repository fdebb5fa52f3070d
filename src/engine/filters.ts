import { nearest, StrakeError } from '../lib/mod.ts'

/** Values of `--filter`, by key. */
export type Filters = ReadonlyMap<string, readonly string[]>

/** Reads `key=value` texts. Throws `invalid` for another form and for keys that are not in `known`, as docker does. */
export function parseFilters(texts: readonly string[], known: readonly string[]): Filters {
  const filters = new Map<string, string[]>()
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 0) throw new StrakeError('invalid', `bad format of filter (expected name=value): ${text}`)
    const key = text.slice(0, equals).trim().toLowerCase()
    if (!known.includes(key)) {
      const near = nearest(key, known)
      // Those with an operator go without saying.
      const hint = near
        ? `Did you mean ${near}?`
        : `Filters are ${known.filter((name) => /\w$/.test(name)).join(', ')}.`
      throw new StrakeError('invalid', `invalid filter '${key}'`, { hint })
    }
    filters.set(key, [...(filters.get(key) ?? []), text.slice(equals + 1).trim()])
  }
  return filters
}

/** The value of a filter that is yes or no; undefined where it is not given. Go's ParseBool. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const value = filters.get(key)?.at(-1)
  if (value === undefined) return undefined
  if (/^(?:1|t|true)$/i.test(value)) return true
  if (/^(?:0|f|false)$/i.test(value)) return false
  throw new StrakeError('invalid', `invalid filter '${key}=${value}'`, { hint: 'It is true or false.' })
}

/** Whether labels have all that `wanted` says: `key` or `key=value` each. */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[] = []): boolean {
  return wanted.every((text) => {
    const equals = text.indexOf('=')
    if (equals < 0) return Object.hasOwn(labels, text)
    const key = text.slice(0, equals)
    return Object.hasOwn(labels, key) && labels[key] === text.slice(equals + 1)
  })
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** A moment as `--filter until=` takes it: RFC 3339, seconds since the epoch, or how long ago (`24h`, `1h30m`). In ms. */
export function parseMoment(text: string, now = Date.now()): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000
  if (/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    let ago = 0
    for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
      ago += Number(count) * units[unit!]!
    return now - ago
  }
  // Without a zone it is this machine's time.
  const moment = /^\d{4}-\d{2}-\d{2}/.test(text)
    ? Date.parse(text.length === 10 ? `${text}T00:00:00` : text)
    : Number.NaN
  if (!Number.isNaN(moment)) return moment
  throw new StrakeError('invalid', `invalid time ${JSON.stringify(text)}`, {
    hint: 'Write how long ago (24h, 90m), a date (2024-05-01T10:00:00Z) or seconds since 1970.',
  })
}

/** Go's path.Match as a regular expression: `*` and `?` stop at slashes. */
export function globPattern(pattern: string): RegExp {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    const close = c === '[' ? pattern.indexOf(']', i + 2) : -1
    if (c === '*') source += '[^/]*'
    else if (c === '?') source += '[^/]'
    else if (close > 0) {
      const set = pattern
        .slice(i + 1, close)
        .replaceAll(/[\\\]]/g, '\\$&')
        .replace(/^\^/, '^')
      source += `[${set}]`
      i = close
    } else {
      const literal = c === '\\' && i + 1 < pattern.length ? pattern[++i]! : c
      source += literal.replace(/[.*+?^${}()|[\]\\/]/, '\\$&')
    }
  }
  try {
    return new RegExp(`^${source}$`, 'u')
  } catch (cause) {
    throw new StrakeError('invalid', `invalid pattern ${JSON.stringify(pattern)}`, { cause })
  }
}
