import { canonicalJson } from '../../images/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { type Digest, isDigest } from '../../oci/mod.ts'
import { parseDocument } from '../../registry/mod.ts'

/** What BuildKit calls its cache, and so do we: `layers` are stacks, `records` keys with the stacks that are their results. */
export const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0'

/** A cache as it is exported (BuildKit, cache/remotecache/v1/doc.go). Nothing is known of it but that its form is right. */
export interface CacheConfig {
  readonly layers: readonly CacheLayer[]
  readonly records: readonly CacheRecord[]
}

export interface CacheLayer {
  readonly blob: Digest
  /** The place in `layers` of the one below, or -1. */
  readonly parent: number
}

export interface CacheRecord {
  readonly digest: Digest
  /** Places in `layers` of the topmost layers of results. */
  readonly results: readonly CacheResult[]
  /** For each input, the records (by their place) of which any may be it. */
  readonly inputs: readonly (readonly CacheInput[])[]
}

export interface CacheResult {
  readonly layer: number
  /** RFC 3339. */
  readonly createdAt: string | undefined
}

export interface CacheInput {
  readonly link: number
  readonly selector: string
}

/** Reads a cache that somebody else wrote. Throws `corrupt`. */
export function parseCacheConfig(bytes: Uint8Array): CacheConfig {
  const { layers = [], records = [] } = parseDocument(bytes)
  const read = listOf(layers, 'layers').map((item, i): CacheLayer => {
    const { blob, parent = 0 } = objectOf(item, `layers[${i}]`)
    if (!isDigest(blob)) throw corrupt(`layers[${i}] has no digest`)
    return { blob, parent: indexOf(parent, -1, `the parent of layers[${i}]`) }
  })
  return { layers: read, records: parseCacheRecords(records) }
}

/** The records alone, as they stand in the configuration of an image. Throws `corrupt`. */
export function parseCacheRecords(value: unknown): CacheRecord[] {
  return listOf(value, 'records').map((item, i): CacheRecord => {
    const what = `records[${i}]`
    const { digest, layers = [], inputs = [] } = objectOf(item, what)
    if (!isDigest(digest)) throw corrupt(`${what} has no digest`)
    const results = listOf(layers, `layers of ${what}`).map((result) => {
      const { layer, createdAt } = objectOf(result, `a result of ${what}`)
      if (createdAt !== undefined && typeof createdAt !== 'string') throw corrupt(`${what} has an invalid time`)
      return { layer: indexOf(layer, 0, `a result of ${what}`), createdAt }
    })
    const links = listOf(inputs, `inputs of ${what}`).map((input) =>
      listOf(input, `an input of ${what}`).map((link) => {
        const { link: index, selector = '' } = objectOf(link, `an input of ${what}`)
        if (typeof selector !== 'string') throw corrupt(`${what} has an invalid selector`)
        return { link: indexOf(index, 0, `an input of ${what}`), selector }
      }),
    )
    return { digest, results, inputs: links }
  })
}

/** The bytes of a cache, in BuildKit's words. */
export function printCacheConfig({ layers, records }: CacheConfig): string {
  return canonicalJson({ layers, records: records.map(recordDocument) })
}

export function printCacheRecords(records: readonly CacheRecord[]): string {
  return canonicalJson(records.map(recordDocument))
}

function recordDocument({ digest, results, inputs }: CacheRecord): object {
  return {
    digest,
    ...(results.length > 0 && { layers: results }),
    ...(inputs.length > 0 && {
      inputs: inputs.map((links) => links.map(({ link, selector }) => ({ link, ...(selector && { selector }) }))),
    }),
  }
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === null) return []
  if (!Array.isArray(value)) throw corrupt(`${what} is not a list`)
  return value
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corrupt(`${what} is not an object`)
  return value as Record<string, unknown>
}

function indexOf(value: unknown, least: number, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw corrupt(`${what} is no place in a list`)
  return value as number
}

function corrupt(why: string): StrakeError {
  return new StrakeError('corrupt', `invalid cache: ${why}`)
}
