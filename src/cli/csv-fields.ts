import { nearest, StrakeError } from '../lib/mod.ts'

/** Fields of a line of comma-separated values; one in double quotes may hold commas. */
export function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  )
}

/** Fields `key=value`, with the keys in lower case. Throws `invalid`, with the hint. */
export function csvValues(fields: readonly string[], hint: string): Map<string, string> {
  return new Map(
    fields.map((field) => {
      const equals = field.indexOf('=')
      if (equals < 0) throw new StrakeError('invalid', `invalid value ${field}`, { hint })
      return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)]
    }),
  )
}

/** Throws `invalid` for a key that the type does not have. */
export function checkKeys(type: string, keys: Iterable<string>, known: readonly string[]): void {
  for (const key of keys) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    throw new StrakeError('invalid', `unexpected key '${key}' for type=${type}`, {
      hint: near ? `Did you mean ${near}?` : `Its keys are ${known.join(', ')}.`,
    })
  }
}
