import { createHmac, randomBytes } from 'node:crypto'
import type { Accounts } from '../metadata/accounts.ts'
import type { Token, User } from '../types.ts'
import type { TokenKey } from './jwt.ts'
import { hashPassword, isOutdated, passwordMark, verifyNobody, verifyPassword } from './passwords.ts'
import { anonymous, type Principal } from './rights.ts'
import { hashSecret, isSecret } from './secrets.ts'
import { Throttle } from './throttle.ts'

export type Authentication =
  | { readonly kind: 'accepted'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly expired?: true }
  | { readonly kind: 'throttled'; readonly retryAfter: number }

const refused = { kind: 'refused' } as const
/** How long a password that was right is not computed again. scrypt takes 80 ms, and clients send it with every request. */
const remembered = 60_000
/** How often the last use of a token is written down. */
const useInterval = 60_000

/** Finds out who sends a request. */
export class Authenticator {
  readonly #accounts: Accounts
  readonly #key: TokenKey
  readonly #throttle = new Throttle()
  readonly #secret = randomBytes(32)
  readonly #checked = new Map<string, { readonly right: Promise<boolean>; readonly until: number }>()

  constructor(accounts: Accounts, key: TokenKey) {
    this.#accounts = accounts
    this.#key = key
  }

  /**
   * Reads an `Authorization` header. Without one it is nobody, who is accepted.
   *
   * @param client the address that guesses are counted for
   * @param service what a Bearer token must have been given for
   */
  async authenticate(header: string | undefined, client: string, service: string): Promise<Authentication> {
    if (header === undefined) return { kind: 'accepted', principal: anonymous }
    const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(header) ?? []
    if (scheme.toLowerCase() === 'bearer') return await this.#bearer(value, service)
    if (scheme.toLowerCase() !== 'basic') return refused
    const text = Buffer.from(value, 'base64').toString()
    const colon = text.indexOf(':')
    if (colon < 0) return refused
    return await this.password(text.slice(0, colon), text.slice(colon + 1), client)
  }

  /** A user's name and password, or in its place an access token or a login of theirs. */
  async password(name: string, password: string, client: string): Promise<Authentication> {
    const user = await this.#accounts.user(name)
    if (isSecret(password, 'access')) {
      const token = await this.#accounts.tokenByHash(hashSecret(password))
      if (user && token?.kind === 'access' && token.user === name) return await this.#accept(user, token)
    }
    // Who knows the password already costs nothing, and must not be locked out by others that guess.
    const key = user && this.#memory(user, password)
    const known = key ? this.#checked.get(key) : undefined
    if (user && known && known.until > Date.now() && (await known.right)) return await this.#accept(user)
    const undo = this.#throttle.attempt(client, name)
    if (typeof undo === 'number') return { kind: 'throttled', retryAfter: undo }
    if (!user || !key) {
      await queued(() => verifyNobody(password))
      return refused
    }
    if (!(await this.#check(user, password, key))) return refused
    undo()
    return await this.#accept(user)
  }

  /** A login that was given to a client (`refresh_token`), or the session of a browser. */
  async secret(secret: string, kind: 'login' | 'session'): Promise<Authentication> {
    if (!isSecret(secret, kind)) return refused
    const token = await this.#accounts.tokenByHash(hashSecret(secret))
    const user = token?.kind === kind ? await this.#accounts.user(token.user) : undefined
    return user ? await this.#accept(user, token) : refused
  }

  async #bearer(value: string, service: string): Promise<Authentication> {
    const claims = this.#key.verify(value, service)
    if (!claims) return { kind: 'refused', expired: true }
    const grants = claims.access
    if (claims.sub === '') return { kind: 'accepted', principal: { ...anonymous, grants } }
    const user = await this.#accounts.user(claims.sub)
    // One of the same name that was removed is somebody else.
    if (!user || claims.iat < Math.floor(user.createdAt / 1000)) return { kind: 'refused', expired: true }
    let token: Token | undefined
    if (claims.tid !== undefined) {
      token = (await this.#accounts.tokens(user.name)).find(({ id }) => id === claims.tid)
      if (!token || isOver(token)) return { kind: 'refused', expired: true }
    } else if (claims.pwm !== passwordMark(user.password)) return { kind: 'refused', expired: true }
    return { kind: 'accepted', principal: { user: user.name, admin: user.admin, token, grants } }
  }

  async #accept(user: User, token?: Token): Promise<Authentication> {
    const now = Date.now()
    if (token && now - (token.usedAt ?? 0) > useInterval) await this.#accounts.touchToken(token.id, now)
    return { kind: 'accepted', principal: { user: user.name, admin: user.admin, token, grants: undefined } }
  }

  /** The same answer as `user.password`, for as long as that stays what it is. */
  #memory(user: User, password: string): string {
    return createHmac('sha256', this.#secret).update(`${user.name}\0${user.password}\0${password}`).digest('base64')
  }

  /** Checks once, however many ask at the same time. */
  async #check(user: User, password: string, key: string): Promise<boolean> {
    const now = Date.now()
    let entry = this.#checked.get(key)
    if (!entry || entry.until <= now) {
      for (const [old, { until }] of this.#checked) {
        if (until > now && this.#checked.size < 1000) break
        this.#checked.delete(old)
      }
      entry = { right: queued(() => verifyPassword(password, user.password)), until: now + remembered }
      this.#checked.set(key, entry)
    }
    const right = await entry.right
    if (!right) this.#checked.delete(key)
    else if (isOutdated(user.password) && password.length >= 8) {
      await this.#accounts.rehash(user.name, user.password, await hashPassword(password))
    }
    return right
  }
}

function isOver({ expiresAt }: Token): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now()
}

let last: Promise<unknown> = Promise.resolve()

/** One after the other: each takes 32 MiB and a core. */
function queued<T>(body: () => Promise<T>): Promise<T> {
  const result = last.then(body)
  last = result.catch(() => undefined)
  return result
}
