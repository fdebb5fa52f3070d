import { StrakeError } from './error.ts'

export type TemplateFunction = (...args: unknown[]) => unknown

/** Go's idea of true: not false, zero, nil or empty. */
export function truth(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

/** As Go prints a value with `%v`. */
export function goString(value: unknown): string {
  if (value === undefined) return '<no value>'
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goString).join(' ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, item]) => `${key}:${goString(item)}`).join(' ')}]`
  }
  return String(value)
}

/** As Go's encoding/json writes strings: what HTML reads is escaped. Docker's `json` does not do that; nor does this. */
function json(value: unknown): string {
  return JSON.stringify(value === undefined ? null : value)
}

const fail = (message: string) => new StrakeError('invalid', message)

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw fail(`${what} takes a string, not ${goString(value)}`)
  return value
}

function index(value: unknown, ...keys: unknown[]): unknown {
  let item = value
  for (const key of keys) {
    if (item === undefined || item === null) throw fail('index of nil pointer')
    if (Array.isArray(item) || typeof item === 'string') {
      if (typeof key !== 'number') throw fail(`cannot index a list with ${goString(key)}`)
      if (key < 0 || key >= item.length) throw fail(`index out of range: ${key}`)
      item = typeof item === 'string' ? item.charCodeAt(key) : item[key]
    } else if (typeof item === 'object') {
      item = Object.hasOwn(item, String(key)) ? (item as Record<string, unknown>)[String(key)] : ''
    } else throw fail(`can't index ${goString(item)}`)
  }
  return item
}

function slice(value: unknown, start: unknown = 0, end: unknown = undefined): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) throw fail(`can't slice ${goString(value)}`)
  const to = end ?? value.length
  if (typeof start !== 'number' || typeof to !== 'number') throw fail('slice takes numbers')
  if (start < 0 || to > value.length || start > to) throw fail(`index out of range: ${start}:${to}`)
  return value.slice(start, to)
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  if (typeof value === 'object' && value !== null) return Object.keys(value).length
  throw fail(`len of ${goString(value)}`)
}

function compare(a: unknown, b: unknown): number {
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) {
    throw fail('incompatible types for comparison')
  }
  if (a === b) return 0
  return a < (b as typeof a) ? -1 : 1
}

const verb = /%(?<flags>[-+# 0]*)(?<width>\d+)?(?:\.(?<precision>\d+))?(?<verb>.)/gsu

/** The verbs of Go's fmt that have a use here: %s %v %d %q %t %x %f %% with width, precision and `-`, `0`, `+`. */
function printf(format: unknown, ...args: unknown[]): string {
  let next = 0
  const result = text(format, 'printf').replaceAll(verb, (...match) => {
    const { flags, width, precision, verb } = match.at(-1) as Record<string, string | undefined>
    if (verb === '%') return '%'
    if (next >= args.length) return `%!${verb}(MISSING)`
    const value = args[next++]
    let out = one(verb!, value, precision === undefined ? undefined : Number(precision))
    if (flags?.includes('+') && typeof value === 'number' && value >= 0) out = `+${out}`
    if (flags?.includes('-')) return out.padEnd(Number(width ?? 0))
    return out.padStart(Number(width ?? 0), flags?.includes('0') && typeof value === 'number' ? '0' : ' ')
  })
  return next < args.length ? `${result}%!(EXTRA ${args.slice(next).map(goString).join(', ')})` : result
}

function one(verb: string, value: unknown, precision: number | undefined): string {
  switch (verb) {
    case 's':
    case 'v':
    case 't':
      return goString(value).slice(0, verb === 's' ? precision : undefined)
    case 'd':
      if (typeof value === 'number') return String(Math.trunc(value))
      break
    case 'f':
      if (typeof value === 'number') return value.toFixed(precision ?? 6)
      break
    case 'q':
      return JSON.stringify(goString(value))
    case 'x':
      if (typeof value === 'number') return value.toString(16)
      return Buffer.from(goString(value)).toString('hex')
  }
  return `%!${verb}(${goString(value)})`
}

const titled = (value: unknown) => text(value, 'title').replaceAll(/(?<![\p{L}\p{N}_'])\p{L}/gu, (c) => c.toUpperCase())

/** Go's print puts a space between two operands where neither is a string. */
function print(...args: unknown[]): string {
  let out = ''
  for (const [i, arg] of args.entries()) {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' '
    out += goString(arg)
  }
  return out
}

/** The functions of text/template and those that docker adds. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  json,
  join: (list, separator) => {
    if (!Array.isArray(list)) throw fail(`join takes a list, not ${goString(list)}`)
    return list.map(goString).join(text(separator, 'join'))
  },
  split: (value, separator) => text(value, 'split').split(text(separator, 'split')),
  upper: (value) => text(value, 'upper').toUpperCase(),
  lower: (value) => text(value, 'lower').toLowerCase(),
  title: titled,
  pad: (value, before, after) => {
    const padded = text(value, 'pad')
    return padded === '' ? '' : ' '.repeat(Number(before)) + padded + ' '.repeat(Number(after))
  },
  truncate: (value, limit) => text(value, 'truncate').slice(0, Number(limit)),
  index,
  slice,
  len: length,
  print,
  println: (...args) => `${args.map(goString).join(' ')}\n`,
  printf,
  not: (value) => !truth(value),
  // The two that need not look at all their arguments are the evaluator's; these are for one value through a pipe.
  and: (value) => value,
  or: (value) => value,
  eq: (value, ...others) => others.some((other) => value === other),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
}
