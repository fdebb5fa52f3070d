import { createHash, timingSafeEqual } from 'node:crypto'
import { anonymous, type Principal } from '../access/rights.ts'
import { hashSecret, newId, newSecret } from '../access/secrets.ts'
import type { Call } from '../http/call.ts'
import type { Access, HubData } from '../hub.ts'

/** Milliseconds that a browser stays signed in. */
const lifetime = 14 * 24 * 60 * 60 * 1000

/** Who looks at a page. */
export interface Session {
  readonly principal: Principal
  /** What every form must carry: only a page of ours can know it. Empty for somebody who has not signed in. */
  readonly csrf: string
}

export async function findSession(data: Access, call: Call): Promise<Session> {
  const secret = cookie(call)
  const who = secret === undefined ? undefined : await data.authenticator.secret(secret, 'session')
  if (secret === undefined || who?.kind !== 'accepted') return { principal: anonymous, csrf: '' }
  return { principal: who.principal, csrf: csrfOf(secret) }
}

/** Begins a session. Returns the header that makes the browser keep it. */
export async function beginSession(data: HubData, call: Call, user: string): Promise<string> {
  const secret = newSecret('session')
  const now = Date.now()
  await data.accounts.addToken({
    id: newId(),
    hash: hashSecret(secret),
    user,
    kind: 'session',
    name: `browser at ${call.client}`,
    scope: 'delete',
    repositories: undefined,
    parent: undefined,
    createdAt: now,
    usedAt: now,
    expiresAt: now + lifetime,
  })
  return setCookie(call, secret, lifetime / 1000)
}

export async function endSession(data: HubData, call: Call, { principal }: Session): Promise<string> {
  if (principal.token) await data.accounts.removeToken(principal.token.id)
  return setCookie(call, '', 0)
}

/** Whether a form was sent by a page of this hub: by what it carries, and by what the browser says of where it is from. */
export function isOwnForm({ request, origin }: Call, session: Session, sent: string | null): boolean {
  const { origin: from, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  // Only the host: a proxy may have another scheme.
  if (from !== undefined && from !== 'null' && URL.parse(from)?.host !== new URL(origin).host) return false
  if (session.csrf === '') return true
  const expected = Buffer.from(session.csrf)
  const given = Buffer.from(sent ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function csrfOf(secret: string): string {
  return createHash('sha256').update(`csrf ${secret}`).digest('base64url')
}

function isSecure({ origin }: Call): boolean {
  return origin.startsWith('https:')
}

/** With the prefix, no other host of the domain can set it (RFC 6265bis, 4.1.3). */
function cookieName(call: Call): string {
  return isSecure(call) ? '__Host-strake' : 'strake'
}

function setCookie(call: Call, secret: string, seconds: number): string {
  const secure = isSecure(call) ? '; Secure' : ''
  return `${cookieName(call)}=${secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`
}

function cookie(call: Call): string | undefined {
  const prefix = `${cookieName(call)}=`
  for (const part of (call.request.headers.cookie ?? '').split(';')) {
    if (part.trim().startsWith(prefix)) return part.trim().slice(prefix.length)
  }
  return undefined
}
