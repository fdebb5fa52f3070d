/**
 * File names are bytes, not text. A *byte string* is a JavaScript string with one character (U+0000 to U+00FF) for each
 * byte, as Buffer's `latin1` makes them; for ASCII names it is the name itself.
 */
export type ByteString = string

const ascii = /^[\x00-\x7f]*$/

/** The byte string as `node:fs` takes it. */
export function pathOf(name: ByteString): string | Buffer {
  return ascii.test(name) ? name : Buffer.from(name, 'latin1')
}

/** The text as a byte string. */
export function bytesOf(text: string): ByteString {
  return ascii.test(text) ? text : Buffer.from(text).toString('latin1')
}

/** The byte string as text for people; bytes that are not UTF-8 become U+FFFD. */
export function textOf(name: ByteString): string {
  return ascii.test(name) ? name : Buffer.from(name, 'latin1').toString()
}

/** Orders paths as a walk meets them: by name in each directory, and a directory before what is in it. */
export function comparePaths(a: ByteString, b: ByteString): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    if (x === 0x2f) return -1
    if (y === 0x2f) return 1
    return x - y
  }
  return a.length - b.length
}
