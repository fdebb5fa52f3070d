import { setTimeout as sleep } from 'node:timers/promises'
import { StrakeError } from '../../lib/mod.ts'
import type { Credentials } from '../config/credentials.ts'
import type { Endpoint } from '../config/hosts.ts'
import { type Challenge, parseChallenges, parseRetryAfter } from '../wire/mod.ts'
import { failureOf } from './failure.ts'
import { basic, fetchToken, type Token } from './tokens.ts'
import {
  type Answer,
  Broken,
  cancelled,
  dropBody,
  type HttpRequest,
  openTransport,
  type Transport,
} from './transport.ts'

export interface ClientOptions {
  readonly endpoint: Pick<Endpoint, 'host' | 'schemes' | 'insecure'>
  /** Asked for once, when the server wants to know who we are. */
  readonly credentials: () => Promise<Credentials | undefined>
  /** How to speak to a host, this one or one that it redirects to. */
  readonly transport: (host: string) => Transport
  readonly signal?: AbortSignal | undefined
  /** Milliseconds before the second attempt; they double with each further one. */
  readonly retryDelay?: number | undefined
}

export interface RegistryRequest {
  readonly method: string
  /** Below `/v2/`, or a whole URL that the server gave. */
  readonly path: string | URL
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A stream is sent once; whoever made it begins again when it breaks. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** What the token must allow: `repository:alice/app:pull`. */
  readonly scopes: readonly string[]
  /** For messages: `pulling alice/app`. */
  readonly doing: string
  /** Answers that the caller deals with, besides those below 300. */
  readonly accept?: readonly number[] | undefined
}

const attempts = 5
/** Who is asked to wait for longer is told so instead. */
const mostPatience = 60_000
const mostRedirects = 8

/** One registry: its address and scheme, who we are there, patience when it is busy. */
export class Client {
  readonly #options: ClientOptions
  readonly #tokens = new Map<string, Promise<Token>>()
  #connected: Promise<{ readonly base: URL; readonly challenges: readonly Challenge[] }> | undefined
  #credentials: Promise<Credentials | undefined> | undefined

  constructor(options: ClientOptions) {
    this.#options = options
  }

  get host(): string {
    return this.#options.endpoint.host
  }

  /**
   * Sends a request and gives its answer, whose body must be read or destroyed. Repeats what failed for a while: broken
   * connections, 408, 429, 5xx. Throws `unauthorized`, `denied`, `not_found`, `unavailable`, … as the answer says.
   */
  async request(request: RegistryRequest): Promise<Answer> {
    const stream = request.body !== undefined && !(request.body instanceof Uint8Array)
    let renewed = false
    for (let attempt = 1; ; attempt++) {
      const last = stream || attempt >= attempts
      let answer: Answer
      try {
        answer = await this.#once(request)
      } catch (error) {
        if (!(error instanceof Broken)) throw error
        if (last || error.certificate) throw this.#broken(error, request.doing)
        await this.wait(attempt)
        continue
      }
      if (answer.status < 300 || request.accept?.includes(answer.status)) return answer
      if (answer.status === 401 && !renewed) {
        renewed = true
        const challenges = readChallenges(answer)
        await dropBody(answer)
        const better = await this.#renew(challenges, request.scopes)
        if (better && stream) throw new StrakeError('unavailable', `${request.doing}: the token has expired`)
        if (better) continue
        throw new StrakeError('unauthorized', `${request.doing}: unauthorized: authentication required`, {
          hint: `Log in with: strake login ${this.host}`,
        })
      }
      if (last || !isPassing(answer.status)) throw await failureOf(answer, request.doing)
      const after = parseRetryAfter(String(answer.headers['retry-after'] ?? ''))
      if (after !== undefined && after > mostPatience) throw await failureOf(answer, request.doing)
      await dropBody(answer)
      await this.wait(attempt, after)
    }
  }

  /** Waits before another attempt: longer each time, and not all clients at once. */
  async wait(attempt: number, least = 0): Promise<void> {
    const { retryDelay = 500, signal } = this.#options
    const delay = Math.max(least, retryDelay * 2 ** (attempt - 1) * (0.75 + Math.random() / 2))
    try {
      await sleep(delay, undefined, { signal })
    } catch (error) {
      throw signal?.aborted ? cancelled(signal) : error
    }
  }

  /** Whether the registry takes these credentials. Gives the refresh token that it offers, if it does. */
  async login(credentials: Credentials): Promise<string | undefined> {
    this.#credentials = Promise.resolve(credentials)
    const { base, challenges } = await this.#connect()
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    const doing = `login attempt to ${base.origin}/v2/`
    if (!bearer) {
      const answer = await this.request({ method: 'GET', path: '', scopes: [], doing })
      await dropBody(answer)
      return undefined
    }
    const token = await fetchToken(
      { challenge: bearer, scopes: [], credentials, origin: base, signal: this.#options.signal, offline: true },
      (request) => this.#send(request),
    )
    const headers = { authorization: `Bearer ${token.token}` }
    const answer = await this.#send({ method: 'GET', url: base, headers, signal: this.#options.signal })
    if (answer.status >= 300) throw await failureOf(answer, doing)
    await dropBody(answer)
    return token.refreshToken
  }

  async #once({ method, path, headers, body, scopes }: RegistryRequest): Promise<Answer> {
    const { base } = await this.#connect()
    let url = path instanceof URL ? path : new URL(path, base)
    for (let hops = 0; ; hops++) {
      const own = url.origin === base.origin
      const authorization = own ? await this.#authorization(scopes) : undefined
      const answer = await this.#send({
        method,
        url,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        body,
        signal: this.#options.signal,
      })
      const { location } = answer.headers
      const moved = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined
      if (!moved || (method !== 'GET' && method !== 'HEAD')) return answer
      await dropBody(answer)
      url = this.#redirected(url, location, hops)
    }
  }

  #redirected(from: URL, location: string, hops: number): URL {
    const fail = (why: string) => new StrakeError('corrupt', `${from.host} redirects to ${why}`)
    if (hops >= mostRedirects) throw fail('one place after the other')
    const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== '') throw fail('something that is no http(s) URL')
    if (from.protocol === 'https:' && url.protocol === 'http:') throw fail(`http://${url.host}, which is not encrypted`)
    return url
  }

  async #send(request: HttpRequest): Promise<Answer> {
    return this.#options.transport(request.url.host).send(request)
  }

  /** Finds out the scheme, and what the server wants to be shown. */
  #connect() {
    this.#connected ??= this.#ping().catch((error) => {
      this.#connected = undefined
      throw error
    })
    return this.#connected
  }

  async #ping() {
    const { endpoint, signal } = this.#options
    const { host, schemes } = endpoint
    const doing = `reaching ${host}`
    for (let attempt = 1; ; attempt++) {
      let problem: Broken | undefined
      for (const scheme of schemes) {
        const base = new URL(`${scheme}://${host}/v2/`)
        try {
          const answer = await this.#send({ method: 'GET', url: base, signal })
          if (answer.status === 400 && scheme !== schemes.at(-1)) {
            // `Client sent an HTTP request to an HTTPS server.`
            await dropBody(answer)
            continue
          }
          if (isPassing(answer.status) && attempt < attempts) {
            const after = parseRetryAfter(String(answer.headers['retry-after'] ?? ''))
            if (after !== undefined && after > mostPatience) throw await failureOf(answer, doing)
            await dropBody(answer)
            await this.wait(attempt, after)
            problem = undefined
            break
          }
          if (answer.status !== 401 && answer.status >= 300) throw notRegistry(host, await failureOf(answer, doing))
          const challenges = readChallenges(answer)
          await dropBody(answer)
          return { base, challenges }
        } catch (error) {
          if (!(error instanceof Broken)) throw error
          problem = error
        }
      }
      if (!problem) continue
      if (attempt >= attempts || problem.unreachable || problem.certificate || problem.notTls) {
        throw this.#broken(problem, doing)
      }
      await this.wait(attempt)
    }
  }

  async #authorization(scopes: readonly string[]): Promise<string | undefined> {
    const { challenges } = await this.#connect()
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer) return `Bearer ${(await this.#token(bearer, scopes)).token}`
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined
    const credentials = await this.#known()
    return credentials?.kind === 'password' ? basic(credentials) : undefined
  }

  async #token(challenge: Challenge, scopes: readonly string[]): Promise<Token> {
    const key = scopes.join(' ')
    const known = await this.#tokens.get(key)
    if (known && known.expiresAt > Date.now()) return known
    const token = this.#fetchToken(challenge, scopes)
    this.#tokens.set(key, token)
    token.catch(() => this.#tokens.delete(key))
    return token
  }

  async #fetchToken(challenge: Challenge, scopes: readonly string[]): Promise<Token> {
    const { base } = await this.#connect()
    const credentials = await this.#known()
    if (credentials?.kind === 'bearer') {
      return { token: credentials.token, expiresAt: Number.POSITIVE_INFINITY, refreshToken: undefined }
    }
    const { signal } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetchToken({ challenge, scopes, credentials, origin: base, signal }, (request) =>
          this.#send(request),
        )
      } catch (error) {
        const passing = error instanceof Broken || (error instanceof StrakeError && error.code === 'unavailable')
        if (!passing || attempt >= attempts) {
          throw error instanceof Broken ? this.#broken(error, `getting a token for ${this.host}`) : error
        }
        await this.wait(attempt)
      }
    }
  }

  /** After a 401: forgets the token. False where nothing better can be shown than what was. */
  async #renew(challenges: readonly Challenge[], scopes: readonly string[]): Promise<boolean> {
    const { base, challenges: before } = await this.#connect()
    const bearer = challenges.some(({ scheme }) => scheme === 'bearer')
    if (before.length === 0 && challenges.length > 0) {
      // A server that only asks where it matters.
      this.#connected = Promise.resolve({ base, challenges })
      return bearer || (await this.#known()) !== undefined
    }
    return bearer && this.#tokens.delete(scopes.join(' '))
  }

  #known(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#options.credentials()
    return this.#credentials
  }

  #broken(error: Broken, doing: string): StrakeError {
    const { host } = this
    const hint =
      error.certificate === 'ours'
        ? `It wants to see a certificate of yours: client.cert and client.key in /etc/docker/certs.d/${host}.`
        : error.certificate
          ? `Put the certificate of its CA into /etc/docker/certs.d/${host}/ca.crt.`
          : error.notTls
            ? `It does not speak TLS. If that is meant to be so, name it in "insecure-registries" of docker's daemon.json.`
            : error.unreachable && /ECONNREFUSED/.test(error.message)
              ? 'Nothing listens at that port: is it the right one, and is the registry running? One of your own: strake hub serve'
              : undefined
    const message = error.unreachable ? `${host} can't be reached: ${error.message}` : `${doing}: ${error.message}`
    return new StrakeError('unavailable', message, { hint, cause: error.cause })
  }
}

/** What goes away by itself. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || status === 502 || status === 503 || status === 504
}

function readChallenges({ headers }: Answer): Challenge[] {
  return parseChallenges(headers['www-authenticate'] ?? '')
}

function notRegistry(host: string, cause: StrakeError): StrakeError {
  if (cause.code !== 'not_found' && cause.code !== 'unsupported') return cause
  return new StrakeError('unavailable', `${host} is not a registry: it does not know /v2/`, { cause })
}

/** Transports by host, each made when it is first needed and closed with the others. */
export function transports(optionsOf: (host: string) => Parameters<typeof openTransport>[0]) {
  const open = new Map<string, Transport>()
  return Object.assign(
    (host: string): Transport => {
      let transport = open.get(host)
      if (!transport) {
        transport = openTransport(optionsOf(host))
        open.set(host, transport)
      }
      return transport
    },
    {
      [Symbol.dispose]: () => {
        for (const transport of open.values()) transport[Symbol.dispose]()
      },
    },
  )
}
