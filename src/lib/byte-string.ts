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
