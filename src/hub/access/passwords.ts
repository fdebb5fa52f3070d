import { hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { StrakeError } from '../../lib/mod.ts'
import { bcryptMatches, isBcrypt } from './bcrypt.ts'

/** scrypt's cost (RFC 7914): 32 MiB and some 80 ms for one try. */
const cost = { N: 32768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const
const minimum = 8

/** What is stored of a password: `scrypt$32768$8$1$SALT$KEY`. Throws `invalid` for one that is too short or too long. */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < minimum) {
    throw new StrakeError('invalid', `a password has at least ${minimum} characters`)
  }
  if (Buffer.byteLength(password) > 1024) throw new StrakeError('invalid', 'a password has at most 1024 bytes')
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), key.toString('base64')].join('$')
}

/** Tells stored passwords apart, and says nothing of them. */
export function passwordMark(stored: string): string {
  return hash('sha256', stored).slice(0, 16)
}

/** Whether it is the password that `stored` was made from, by `hashPassword` or by `htpasswd -B`. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  if (Buffer.byteLength(password) > 1024) return false
  if (isBcrypt(stored)) return bcryptMatches(password, stored)
  const [kind, N, r, p, salt, key] = stored.split('$')
  if (kind !== 'scrypt' || key === undefined) return false
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: cost.maxmem }
  const expected = Buffer.from(key, 'base64')
  return timingSafeEqual(await derive(password, Buffer.from(salt!, 'base64'), options), expected)
}

/** Whether it would be stored in another form today. */
export function isOutdated(stored: string): boolean {
  return !stored.startsWith(`scrypt$${cost.N}$${cost.r}$${cost.p}$`)
}

/** Takes as long as `verifyPassword` does: for users that are not there, so that nobody can tell. */
export async function verifyNobody(password: string): Promise<false> {
  await derive(password.slice(0, 1024), Buffer.alloc(16), cost)
  return false
}

function derive(password: string, salt: Uint8Array, options: { N: number; r: number; p: number; maxmem: number }) {
  return new Promise<Buffer>((resolve, reject) => {
    scrypt(password.normalize(), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/**
 * Reads a file that `htpasswd -B` wrote, as docker's registry takes it.
 *
 * @returns names and hashes, for `verifyPassword`
 * @throws `invalid` for other kinds of hashes
 */
export function parseHtpasswd(text: string): { readonly name: string; readonly password: string }[] {
  return text.split('\n').flatMap((raw, i) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return []
    const colon = line.indexOf(':')
    const password = line.slice(colon + 1)
    if (colon < 1 || !isBcrypt(password)) {
      const hint = 'Make it with: htpasswd -B -c FILE USER'
      throw new StrakeError('invalid', `line ${i + 1} is not a name and a bcrypt hash`, { hint })
    }
    return [{ name: line.slice(0, colon), password }]
  })
}
