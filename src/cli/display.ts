import { stripVTControlCharacters } from 'node:util'

// C0 and C1 controls but tab and line feed, and the characters that turn the direction of writing: what a hostile
// program prints must not move the cursor, hide text or change what a person reads.
const unsafe = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** The text without escape sequences and control characters; tabs become blanks, line feeds stay. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unsafe, '').replaceAll('\t', '    ')
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u
const zero = /[\p{Mn}\p{Me}\p{Cf}]/u
const ascii = /^[\x20-\x7e]*$/

/** How many columns of a terminal a printable text takes (Unicode TR 11: wide characters take two, marks none). */
export function columnsOf(text: string): number {
  if (ascii.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += width(character)
  return columns
}

/** The start of a printable text that fits, with `…` where something was cut off. */
export function fit(text: string, columns: number): string {
  if (ascii.test(text) && text.length <= columns) return text
  if (columns <= 0) return ''
  let used = 0
  let cut = 0
  for (const character of text) {
    used += width(character)
    if (used > columns) return `${text.slice(0, cut)}…`
    if (used < columns) cut += character.length
  }
  return text
}

function width(character: string): number {
  if (character >= ' ' && character <= '~') return 1
  if (zero.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
