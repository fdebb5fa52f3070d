import { createHash, randomBytes } from 'node:crypto'

const prefixes = { access: 'strake_pat_', login: 'strake_login_', session: 'strake_web_' } as const

/** A new secret that stands for a user, with 256 bits of chance. Its kind can be told by its beginning. */
export function newSecret(kind: keyof typeof prefixes): string {
  return prefixes[kind] + randomBytes(32).toString('base64url')
}

/** What is stored of a secret. It needs no slow hash: nobody guesses 256 bits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

export function isSecret(text: string, kind: keyof typeof prefixes): boolean {
  return text.startsWith(prefixes[kind])
}

export function newId(): string {
  return randomBytes(6).toString('hex')
}
