import { StrakeError } from '../lib/mod.ts'

/** JSON with the keys of objects in order and no blanks: the same value always gives the same bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

export type JsonObject = Readonly<Record<string, unknown>>

/** Reads untrusted JSON whose outermost value must be an object. `what` names it in the error: `corrupt`. */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseJson(bytes, what)
  if (!isObject(value)) throw new StrakeError('corrupt', `${what} is not a JSON object`)
  return value
}

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw new StrakeError('corrupt', `${what} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
