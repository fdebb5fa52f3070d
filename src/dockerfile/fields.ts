import { type Line, parseError } from './source.ts'
import type { Field } from './types.ts'
import type { FlagToken } from './words.ts'

/**
 * The comma-separated fields of a flag's value, as Go's encoding/csv parts them: one in double quotes may hold commas. Each
 * is a key, and a value where it has an `=`.
 *
 * @param what what docker calls the flag's values, for the error
 */
export function readFields(line: Line, token: FlagToken, what: string): Field[] {
  const { text } = token
  const place = (index: number) => (token.places ? (token.places[index] ?? token.end) : token.start + index)
  const range = (start: number, end: number) =>
    line.range(place(start), end > start ? place(end - 1) + 1 : place(start))
  const first = text.indexOf('=') + 1
  const fail = (why: string, start: number, end = text.length) => {
    const column = start < first ? '' : `parse error on line 1, column ${start - first + 1}: `
    const message = `failed to parse csv ${what}: ${column}${why}`
    return parseError(message, range(start, end), 'Write key=value, parted by commas.')
  }
  if (first === text.length) throw fail('EOF', 0)
  const fields: Field[] = []
  for (let start = first; start <= text.length; ) {
    let value = ''
    let end = start
    // Where in the flag each character of the field stands.
    const origin: number[] = []
    if (text[start] === '"') {
      for (end++; ; end++) {
        if (end >= text.length) throw fail('extraneous or missing " in quoted-field', start)
        // Two quotes stand for one.
        if (text[end] === '"' && text[++end] !== '"') break
        value += text[end]
        origin.push(end)
      }
      if (end < text.length && text[end] !== ',') throw fail('extraneous or missing " in quoted-field', start)
    } else {
      const comma = text.indexOf(',', start)
      end = comma < 0 ? text.length : comma
      value = text.slice(start, end)
      for (let i = start; i < end; i++) origin.push(i)
      const quote = value.indexOf('"')
      if (quote >= 0) throw fail('bare " in non-quoted-field', start + quote, start + quote + 1)
    }
    const equals = value.indexOf('=')
    const cut = equals < 0 ? end : origin[equals]!
    fields.push({
      key: { text: equals < 0 ? value : value.slice(0, equals), range: range(origin[0] ?? start, cut) },
      value:
        equals < 0 ? undefined : { text: value.slice(equals + 1), range: range(cut + 1, (origin.at(-1) ?? cut) + 1) },
      range: range(start, end),
    })
    start = end + 1
  }
  return fields
}
