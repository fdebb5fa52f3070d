import { StrakeError } from '../../lib/mod.ts'
import type { Credentials } from '../config/credentials.ts'
import type { Challenge } from '../wire/mod.ts'
import { failureOf } from './failure.ts'
import { type Answer, type HttpRequest, readBody } from './transport.ts'

export interface TokenRequest {
  readonly challenge: Challenge
  readonly scopes: readonly string[]
  readonly credentials: Credentials | undefined
  /** The scheme and host of the registry that asks for the token. */
  readonly origin: URL
  readonly signal?: AbortSignal | undefined
  /** Ask for a refresh token too. */
  readonly offline?: boolean | undefined
}

export interface Token {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly refreshToken: string | undefined
}

/**
 * Asks for a bearer token: with GET and Basic (distribution, token authentication), or with a refresh token by OAuth2.
 * Credentials go to the server that the registry names, as in every client; never unencrypted where the registry itself is
 * spoken to with TLS.
 */
export async function fetchToken(
  { challenge, scopes, credentials, origin, signal, offline }: TokenRequest,
  send: (request: HttpRequest) => Promise<Answer>,
): Promise<Token> {
  const url = realmOf(challenge, origin)
  const service = challenge.parameters.get('service')
  let request: HttpRequest
  if (credentials?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.token,
      client_id: 'strake',
      ...(service !== undefined && { service }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    request = { method: 'POST', url, headers, body: Buffer.from(form.toString()), signal }
  } else {
    if (service !== undefined) url.searchParams.set('service', service)
    for (const scope of scopes) url.searchParams.append('scope', scope)
    url.searchParams.set('client_id', 'strake')
    if (credentials?.kind === 'password') url.searchParams.set('account', credentials.username)
    if (offline) url.searchParams.set('offline_token', 'true')
    const headers = credentials?.kind === 'password' ? { authorization: basic(credentials) } : undefined
    request = { method: 'GET', url, headers, signal }
  }
  const answer = await send(request)
  // Redirects are not followed here: they would carry what only this server may see.
  if (answer.status !== 200) throw await failureOf(answer, `getting a token from ${url.host}`)
  return readToken(await readBody(answer, 1024 * 1024), url.host)
}

function realmOf(challenge: Challenge, origin: URL): URL {
  const realm = challenge.parameters.get('realm') ?? ''
  const url = URL.canParse(realm) ? new URL(realm) : undefined
  const fail = (why: string) =>
    new StrakeError('corrupt', `${origin.host} sends for a token to ${JSON.stringify(realm.slice(0, 200))}, ${why}`)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '') throw fail('which is no http(s) URL')
  if (origin.protocol === 'https:' && url.protocol === 'http:') throw fail('where they would go unencrypted')
  return url
}

function readToken(body: Buffer, host: string): Token {
  const fail = () => new StrakeError('corrupt', `${host} answered with no token`)
  let value: Record<string, unknown> | null
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw fail()
  }
  const token = value?.token || value?.access_token
  // What goes into a header must not end it.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw fail()
  const seconds = Number(value?.expires_in)
  const lifetime = seconds >= 1 && seconds < 1e8 ? seconds : 60
  const refreshToken = value?.refresh_token
  return {
    token,
    // By our own clock, and a little early.
    expiresAt: Date.now() + Math.max(lifetime - 10, lifetime / 2) * 1000,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
  }
}

export function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
