import { StrakeError } from '../../lib/mod.ts'
import { manifestTypes, parseChallenges } from '../../registry/mod.ts'

const headerTimeout = 30_000

export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD'
  /** The repository as the upstream names it. */
  readonly repository: string
  /** `manifests/1.0`, `blobs/sha256:…`. */
  readonly path: string
}

/** Reads from another registry, with the credentials in its URL, if any. */
export class Upstream {
  readonly #base: URL
  readonly #credentials: string | undefined
  readonly #tokens = new Map<string, { readonly header: string; readonly until: number }>()

  constructor(url: string) {
    this.#base = new URL(url)
    const { username, password } = this.#base
    if (username !== '') {
      const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
      this.#credentials = `Basic ${Buffer.from(text).toString('base64')}`
    }
    this.#base.username = ''
    this.#base.password = ''
  }

  /** Docker Hub's official images have a namespace that nobody writes. */
  repository(name: string): string {
    return this.#base.hostname === 'registry-1.docker.io' && !name.includes('/') ? `library/${name}` : name
  }

  /** The answer, whatever its status. Throws `unavailable` where there is none. */
  async request({ method, repository, path }: UpstreamRequest): Promise<Response> {
    const url = new URL(`/v2/${repository}/${path}`, this.#base)
    const known = this.#tokens.get(repository)
    const send = (authorization: string | undefined) =>
      this.#fetch(url, { method, accept: manifestTypes.join(', '), authorization })
    const response = await send(known && known.until > Date.now() ? known.header : undefined)
    if (response.status !== 401) return response
    await response.body?.cancel()
    const header = await this.#authorise(response.headers.get('www-authenticate') ?? '', repository)
    return header === undefined ? response : await send(header)
  }

  async #authorise(header: string, repository: string): Promise<string | undefined> {
    const challenges = parseChallenges(header)
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    if (!bearer) return challenges.some(({ scheme }) => scheme === 'basic') ? this.#credentials : undefined
    const realm = new URL(bearer.parameters.get('realm') ?? '', this.#base)
    // Credentials don't go to where an unencrypted answer of somebody else may lead.
    const safe = realm.protocol === 'https:' || realm.origin === this.#base.origin
    realm.searchParams.set('service', bearer.parameters.get('service') ?? '')
    realm.searchParams.set('scope', `repository:${repository}:pull`)
    const answer = await this.#fetch(realm, { method: 'GET', authorization: safe ? this.#credentials : undefined })
    if (!answer.ok) return undefined
    const body = (await answer.json()) as { token?: unknown; access_token?: unknown; expires_in?: unknown }
    const token = body.token ?? body.access_token
    if (typeof token !== 'string') return undefined
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : 60
    const authorization = `Bearer ${token}`
    if (this.#tokens.size > 10_000) this.#tokens.clear()
    this.#tokens.set(repository, { header: authorization, until: Date.now() + (seconds - 10) * 1000 })
    return authorization
  }

  /** Follows redirects; those to other hosts are sent no credentials (fetch standard, 4.4). */
  async #fetch(
    url: URL,
    { method, accept, authorization }: { method: string; accept?: string; authorization?: string | undefined },
  ): Promise<Response> {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), headerTimeout)
    try {
      return await fetch(url, {
        method,
        signal: abort.signal,
        headers: { ...(accept && { accept }), ...(authorization && { authorization }), 'accept-encoding': 'identity' },
      })
    } catch (cause) {
      throw new StrakeError('unavailable', `${this.#base.host} does not answer`, { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}
