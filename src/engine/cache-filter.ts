import { StrakeError } from '../lib/mod.ts'
import type { CacheRecord } from './cache-records.ts'
import { booleanFilter, type Filters, parseFilters, parseMoment } from './filters.ts'

const texts = ['id', 'type', 'description', 'parents'] as const
const facts = ['inuse', 'shared', 'private', 'mutable', 'immutable'] as const
const names = [
  ...texts.flatMap((name) => [name, `${name}!`, `${name}~`]),
  ...facts,
  'until',
  'unused-for',
  // No record has labels. docker takes these filters nevertheless: the first fits none, the other all.
  'label',
  'label!',
]

/**
 * Which records of the build cache filters mean, in the words of docker: `until=24h` and `unused-for=24h` (not used since), `id=`,
 * `type=`, `parents=` and `description=`, with `!=` for another value and `~=` for a regular expression; `inuse=`, `shared=`,
 * `private=`, `mutable=` and `immutable=` with true or false; `label=`, which no record has. All must hold; of several values of one name, one.
 * Throws `invalid`.
 */
export function cacheFilter(given: readonly string[]): (record: CacheRecord) => boolean {
  // The engine's name of it, beside buildx's.
  const filters = parseFilters(
    given.map((text) => text.replace(/^parent(?=[!~]?=)/i, 'parents')),
    names,
  )
  const moments = [...(filters.get('until') ?? []), ...(filters.get('unused-for') ?? [])]
  const before = Math.min(...moments.map((text) => parseMoment(text)))
  const wanted = facts.flatMap((name) => {
    const value = booleanFilter(filters, name)
    return value === undefined ? [] : [{ name, value }]
  })
  const tests = texts.flatMap((name) => textTests(filters, name))
  return (record) =>
    !filters.has('label') &&
    record.usedAt < before &&
    wanted.every(({ name, value }) => factOf(record, name) === value) &&
    tests.every((holds) => holds(record))
}

function textTests(filters: Filters, name: (typeof texts)[number]): ((record: CacheRecord) => boolean)[] {
  const values = (record: CacheRecord) => (name === 'parents' ? record.parents : [record[name]])
  const [equal, other, like] = [filters.get(name), filters.get(`${name}!`), filters.get(`${name}~`)]
  const patterns = like?.map((text) => regularExpression(name, text))
  return [
    ...(equal ? [(record: CacheRecord) => values(record).some((value) => equal.includes(value))] : []),
    ...(other ? [(record: CacheRecord) => !values(record).some((value) => other.includes(value))] : []),
    ...(patterns
      ? [(record: CacheRecord) => values(record).some((value) => patterns.some((pattern) => pattern.test(value)))]
      : []),
  ]
}

function factOf({ inUse, shared, type }: CacheRecord, name: (typeof facts)[number]): boolean {
  if (name === 'inuse') return inUse
  if (name === 'shared' || name === 'private') return shared === (name === 'shared')
  return (type === 'exec.cachemount') === (name === 'mutable')
}

function regularExpression(name: string, text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new StrakeError('invalid', `invalid filter '${name}~=${text}': ${(cause as Error).message}`, { cause })
  }
}
