import { StrakeError } from '../lib/mod.ts'
import { parseDecimal, parseNumber } from './numbers.ts'

/** The stretches of a sparse file that hold data: offset, length, offset, length, … */
export type SparseMap = readonly number[]

/** Half a million stretches: a map of more is an attack on memory. */
const maxNumbers = 1 << 20

/** Throws `corrupt` unless the stretches are in order, inside the file, and as long as the data in the archive. */
export function checkSparseMap(map: SparseMap, size: number, stored: number): void {
  let end = 0
  let total = 0
  for (let i = 0; i < map.length; i += 2) {
    const [offset, length] = [map[i]!, map[i + 1] ?? -1]
    if (offset < end || length < 0) throw invalidSparse()
    end = offset + length
    total += length
  }
  if (end > size || total !== stored) throw invalidSparse()
}

/** Adds the stretches in GNU's fields of offset and length, 12 bytes each; an empty one closes them. */
export function gnuSparseFields(map: number[], fields: Uint8Array): void {
  for (let at = 0; at < fields.length && fields[at] !== 0; at += 24) {
    map.push(parseNumber(fields, at, 12), parseNumber(fields, at + 12, 12))
  }
  if (map.length > maxNumbers) throw invalidSparse()
}

/** `OFFSET,LENGTH,OFFSET,LENGTH`, as PAX sparse 0.1 has it. */
export function sparseList(text: string): number[] {
  return text === '' ? [] : text.split(',').map(parseDecimal)
}

/** Reads the map that stands before the data in PAX sparse 1.0: decimal numbers, each on a line, the first their count. */
export class SparseMapReader {
  readonly map: number[] = []
  #expected = -1
  #digits = ''

  /** Takes a block; true when the map is complete. Throws `corrupt`. */
  take(block: Uint8Array): boolean {
    for (let i = 0; i < block.length; i++) {
      if (block[i] !== 10) {
        this.#digits += String.fromCharCode(block[i]!)
        if (this.#digits.length > 16) throw invalidSparse()
        continue
      }
      const number = parseDecimal(this.#digits)
      this.#digits = ''
      if (this.#expected < 0) this.#expected = 2 * number
      else this.map.push(number)
      if (this.#expected > maxNumbers) throw invalidSparse()
      if (this.map.length === this.#expected) return true
    }
    return false
  }
}

function invalidSparse(): StrakeError {
  return new StrakeError('corrupt', 'invalid tar: malformed map of a sparse file')
}
