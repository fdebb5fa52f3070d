import { StrakeError } from '../lib/mod.ts'
import { endpointsOf } from './config/hosts.ts'
import { dropBody, readBody } from './http/transport.ts'
import { nextPage, readList } from './listing.ts'
import { registryName } from './login.ts'
import { openRegistries, type RegistriesOptions } from './repository.ts'
import { parseDocument } from './wire/mod.ts'

export interface FoundRepository {
  /** `ubuntu`, `registry.test/alice/app`. */
  readonly name: string
  readonly description: string
  readonly stars: number
  readonly official: boolean
}

export interface SearchOptions extends Pick<RegistriesOptions, 'env' | 'signal' | 'retryDelay'> {
  /** A word, on Docker Hub; or `registry.test/word`. */
  readonly term: string
  /** At most so many; 25 if it is left out. */
  readonly limit?: number | undefined
}

/**
 * Repositories whose names have a word. Docker Hub and registries with the same interface (`/v1/search`) are asked; of others the
 * catalogue is looked through. Throws `unavailable`, `unauthorized`.
 */
export async function searchRepositories(options: SearchOptions): Promise<FoundRepository[]> {
  const { limit = 25, env = process.env } = options
  const [first = '', ...rest] = options.term.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const registry = isHost ? registryName(first) : 'docker.io'
  const term = isHost ? rest.join('/') : options.term
  using registries = openRegistries(options)
  const endpoint = endpointsOf(registry, 'library', env).at(-1)!
  const host = registry === 'docker.io' ? 'index.docker.io' : endpoint.host
  const client = registries.client({ ...endpoint, host }, registry)
  const doing = `searching ${registry}`
  const query = new URLSearchParams({ q: term, n: String(limit) })
  const answer = await client.request({
    method: 'GET',
    path: `/v1/search?${query}`,
    // Docker's client asks for this where it has a login; Docker Hub needs none for what is public.
    scopes: isHost ? ['registry:catalog:search'] : [],
    doing,
    accept: isHost ? [401, 404, 405] : [],
  })
  if (answer.status < 300) {
    const { results } = parseDocument(await readBody(answer, 16 * 1024 * 1024))
    if (!Array.isArray(results)) throw new StrakeError('corrupt', `${host} answered with no list of repositories`)
    return results.slice(0, limit).flatMap((item) => readResult(item, registry))
  }
  await dropBody(answer)
  const found: FoundRepository[] = []
  let path: string | undefined = '_catalog?n=1000'
  for (let pages = 0; path !== undefined && pages < 1000 && found.length < limit; pages++) {
    const page = await client.request({ method: 'GET', path, scopes: ['registry:catalog:*'], doing })
    path = nextPage(page)
    for (const name of await readList(page, 'repositories')) {
      if (name.includes(term)) found.push({ name: `${registry}/${name}`, description: '', stars: 0, official: false })
    }
  }
  return found.slice(0, limit)
}

function readResult(item: unknown, registry: string): FoundRepository[] {
  if (typeof item !== 'object' || item === null) return []
  const { name, description, star_count: stars, is_official: official } = item as Record<string, unknown>
  if (typeof name !== 'string') return []
  return [
    {
      name: registry === 'docker.io' || name.startsWith(`${registry}/`) ? name : `${registry}/${name}`,
      description: typeof description === 'string' ? description : '',
      stars: typeof stars === 'number' ? stars : 0,
      official: official === true,
    },
  ]
}
