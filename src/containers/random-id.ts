import { randomBytes } from 'node:crypto'

/** 64 hexadecimal digits, the first twelve of which are not all decimal: a host name must not look like a number. */
export function randomId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex')
    if (/[a-f]/.test(id.slice(0, 12))) return id
  }
}
