import { parseScope, type Scope } from '../../registry/mod.ts'
import type { Authentication } from '../access/authenticate.ts'
import { passwordMark } from '../access/passwords.ts'
import { type Principal, rights } from '../access/rights.ts'
import { hashSecret, newId, newSecret } from '../access/secrets.ts'
import { type Call, readForm } from '../http/call.ts'
import { failure, json, type Reply } from '../http/reply.ts'
import type { Access, HubData } from '../hub.ts'
import { repositoryName } from '../names.ts'
import { service } from './authorise.ts'

/** Seconds that a Bearer token is good for. Who holds one longer asks for another; rights are looked at each time anyway. */
const lifetime = 300
/** Milliseconds that a login of a client is good for. */
const loginLifetime = 90 * 24 * 60 * 60 * 1000
const maxScopes = 50

/**
 * Gives Bearer tokens: GET with Basic credentials ("Token Authentication Specification"), and POST ("Oauth2 Token
 * Authentication"), with a password or with what an earlier login gave.
 */
export async function tokenEndpoint(data: HubData & Access, call: Call): Promise<Reply> {
  if (call.method === 'GET') {
    // It allows what it was given for: it is exchanged neither for more, nor for a login that outlives it.
    if (call.principal.grants) return refused('a Bearer token gives no other one: sign in')
    return await give(data, call, {
      scopes: call.query.getAll('scope'),
      audience: call.query.get('service'),
      offline: call.query.get('offline_token') === 'true',
      client: call.query.get('client_id'),
    })
  }
  if (call.method !== 'POST') return failure('UNSUPPORTED')
  const form = await readForm(call)
  const authentication = await signIn(data, call, form)
  if (authentication === undefined) return oauthError('unsupported_grant_type')
  if (authentication.kind === 'throttled') return throttled(authentication.retryAfter)
  if (authentication.kind === 'refused') return oauthError('invalid_grant', 401)
  const { principal } = authentication
  return await give(
    data,
    { ...call, principal },
    {
      scopes: form.getAll('scope'),
      audience: form.get('service'),
      offline: form.get('access_type') === 'offline',
      client: form.get('client_id'),
      refresh: form.get('refresh_token') ?? undefined,
    },
  )
}

async function signIn(data: Access, call: Call, form: URLSearchParams): Promise<Authentication | undefined> {
  const text = (name: string) => form.get(name) ?? ''
  if (text('grant_type') === 'refresh_token') return await data.authenticator.secret(text('refresh_token'), 'login')
  if (text('grant_type') !== 'password') return undefined
  return await data.authenticator.password(text('username'), text('password'), call.client)
}

interface Wish {
  readonly scopes: readonly string[]
  readonly audience: string | null
  /** A client that wants to keep a login instead of the password. */
  readonly offline: boolean
  readonly client: string | null
  /** The login that it has already. */
  readonly refresh?: string | undefined
}

async function give(data: HubData & Access, call: Call, wish: Wish): Promise<Reply> {
  const { principal } = call
  if (wish.audience !== null && wish.audience !== service) {
    return failure('UNSUPPORTED', `tokens are given here for the service ${service} only`, { status: 400 })
  }
  const now = Date.now()
  // The one that was just used may have been hashed anew.
  const user = principal.token ? undefined : await data.accounts.user(principal.user ?? '')
  const token = data.key.sign({
    aud: service,
    sub: principal.user ?? '',
    iat: Math.floor(now / 1000),
    exp: Math.floor(now / 1000) + lifetime,
    access: await allowed(data, principal, wish.scopes),
    ...(principal.token && { tid: principal.token.id }),
    ...(user && { pwm: passwordMark(user.password) }),
  })
  const refresh =
    wish.refresh ?? (wish.offline && principal.user !== undefined ? await login(data, call, wish) : undefined)
  return json(
    {
      token,
      access_token: token,
      token_type: 'Bearer',
      expires_in: lifetime,
      issued_at: new Date(now).toISOString(),
      ...(refresh !== undefined && { refresh_token: refresh }),
    },
    { 'cache-control': 'no-store' },
  )
}

/** What of the wished is theirs. A scope that gives nothing is left out: the request itself says why then. */
async function allowed(data: HubData, principal: Principal, texts: readonly string[]): Promise<Scope[]> {
  const scopes = texts.flatMap((text) => text.split(' ')).slice(0, maxScopes)
  const access: Scope[] = []
  for (const scope of scopes.map(parseScope)) {
    if (scope?.type === 'registry' && scope.name === 'catalog' && principal.user !== undefined) access.push(scope)
    const repository = scope?.type === 'repository' ? repositoryName(scope.name) : undefined
    if (!scope || repository === undefined) continue
    const may = await rights(data, principal, repository)
    const wished = scope.actions.includes('*') ? (['pull', 'push', 'delete'] as const) : scope.actions
    const actions = wished.filter((action) => (may as ReadonlySet<string>).has(action))
    if (actions.length > 0) access.push({ ...scope, actions })
  }
  return access
}

/** Makes a login that allows what the caller came with allows, and ends with it. */
async function login(data: HubData, { principal, client }: Call, wish: Wish): Promise<string> {
  const secret = newSecret('login')
  const now = Date.now()
  const { token } = principal
  await data.accounts.addToken({
    id: newId(),
    hash: hashSecret(secret),
    user: principal.user!,
    kind: 'login',
    name: `${(wish.client ?? 'client').replace(/[^\w.-]/g, '').slice(0, 40)} at ${client}`,
    scope: token?.scope ?? 'delete',
    repositories: token?.repositories,
    parent: token?.id,
    createdAt: now,
    usedAt: undefined,
    expiresAt: Math.min(now + loginLifetime, token?.expiresAt ?? Number.POSITIVE_INFINITY),
  })
  return secret
}

function refused(message: string): Reply {
  return failure('UNAUTHORIZED', message, { headers: { 'www-authenticate': 'Basic realm="strake hub"' } })
}

export function throttled(retryAfter: number): Reply {
  const seconds = Math.ceil(retryAfter / 1000)
  return failure('TOOMANYREQUESTS', `too many failed logins: try again in ${seconds} seconds`, {
    headers: { 'retry-after': seconds },
  })
}

function oauthError(error: string, status = 400): Reply {
  const description = error === 'invalid_grant' ? 'incorrect username or password' : 'unknown grant_type'
  return { ...json({ error, error_description: description, ...errorsOf(description) }), status }
}

/** Clients of the registry read these, and not OAuth2's. */
function errorsOf(message: string): object {
  return { errors: [{ code: 'UNAUTHORIZED', message }] }
}
