/** Takes secrets out of a stream, also where a chunk ends within one. */
export interface Redactor {
  /** What may be shown of the stream so far. What may be the beginning of a secret is held back. */
  write(chunk: Uint8Array): Uint8Array
  /** What was held back. */
  end(): Uint8Array
}

/** Shorter ones are found in any text: they would hide everything, and protect nothing. */
const shortest = 4
/** Lines of a secret that are as long are secrets of their own: programs print files line by line. */
const shortestLine = 8

const mask = Buffer.from('***')

/**
 * Makes redactors for a set of secrets. Blanks and line ends around a secret do not count.
 *
 * @returns undefined when no secret is long enough to be looked for
 */
export function redaction(secrets: Iterable<Uint8Array>): (() => Redactor) | undefined {
  const texts = new Set<string>()
  for (const secret of secrets) {
    const text = Buffer.from(secret).toString('latin1').trim()
    if (text.length >= shortest) texts.add(text)
    if (!text.includes('\n')) continue
    for (const line of text.split('\n')) if (line.trim().length >= shortestLine) texts.add(line.trim())
  }
  if (texts.size === 0) return undefined
  // The longest first: one may begin with another.
  const patterns = [...texts].sort((a, b) => b.length - a.length).map(createPattern)
  return () => createRedactor(patterns)
}

interface Pattern {
  readonly bytes: Buffer
  /** For each length of a beginning, the length of its longest proper end that is a beginning (Knuth, Morris, Pratt). */
  readonly borders: Uint32Array
}

function createPattern(text: string): Pattern {
  const bytes = Buffer.from(text, 'latin1')
  const borders = new Uint32Array(bytes.length + 1)
  for (let i = 1, length = 0; i < bytes.length; i++) {
    while (length > 0 && bytes[i] !== bytes[length]) length = borders[length]!
    if (bytes[i] === bytes[length]) length++
    borders[i + 1] = length
  }
  return { bytes, borders }
}

function createRedactor(patterns: readonly Pattern[]): Redactor {
  let held: Buffer = Buffer.alloc(0)

  /** Shows all but the last `keep` bytes, and no secret that begins before them. */
  function show(bytes: Buffer, keep: number): Buffer {
    const parts: Buffer[] = []
    const next = patterns.map(({ bytes: pattern }) => bytes.indexOf(pattern))
    let at = 0
    for (;;) {
      let first = -1
      for (const [i, { bytes: pattern }] of patterns.entries()) {
        if (next[i]! >= 0 && next[i]! < at) next[i] = bytes.indexOf(pattern, at)
        if (next[i]! >= 0 && (first < 0 || next[i]! < next[first]!)) first = i
      }
      if (first < 0 || next[first]! >= bytes.length - keep) break
      parts.push(bytes.subarray(at, next[first]), mask)
      at = next[first]! + patterns[first]!.bytes.length
    }
    const end = Math.max(at, bytes.length - keep)
    parts.push(bytes.subarray(at, end))
    held = bytes.subarray(end)
    return Buffer.concat(parts)
  }

  return {
    write(chunk) {
      const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : Buffer.from(chunk)
      return show(bytes, Math.max(...patterns.map((pattern) => beginningAtEnd(bytes, pattern))))
    },
    end: () => show(held, 0),
  }
}

/** How many of the last bytes may be the beginning of the secret. */
function beginningAtEnd(bytes: Buffer, { bytes: pattern, borders }: Pattern): number {
  let length = 0
  for (let i = Math.max(0, bytes.length - pattern.length + 1); i < bytes.length; i++) {
    while (length > 0 && bytes[i] !== pattern[length]) length = borders[length]!
    if (bytes[i] === pattern[length]) length++
  }
  return length
}
