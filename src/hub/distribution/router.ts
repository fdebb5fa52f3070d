import type { Call } from '../http/call.ts'
import { failure, type Reply } from '../http/reply.ts'
import { repositoryName } from '../names.ts'
import { authorise, challenge } from './authorise.ts'
import { beginUpload, blob, upload } from './blobs.ts'
import { catalog, manifest, referrers, tagList } from './manifests.ts'
import type { Route, Service } from './service.ts'

type Handler = (service: Service, call: Call, route: Route) => Promise<Reply>
type Wanted = 'pull' | 'push' | 'delete'

/** What answers each method of each kind of path, and what its caller must be allowed to do. */
const handlers: Readonly<Record<Route['kind'], Readonly<Record<string, readonly [Wanted, Handler]>>>> = {
  manifest: {
    GET: ['pull', manifest],
    HEAD: ['pull', manifest],
    PUT: ['push', manifest],
    DELETE: ['delete', manifest],
  },
  blob: { GET: ['pull', blob], HEAD: ['pull', blob], DELETE: ['delete', blob] },
  begin: { POST: ['push', beginUpload] },
  upload: {
    GET: ['push', upload],
    HEAD: ['push', upload],
    PATCH: ['push', upload],
    PUT: ['push', upload],
    DELETE: ['push', upload],
  },
  tags: { GET: ['pull', tagList] },
  referrers: { GET: ['pull', referrers] },
}

const patterns: readonly (readonly [Route['kind'], RegExp])[] = [
  ['begin', /^\/v2\/(.+)\/blobs\/uploads\/?()$/],
  ['upload', /^\/v2\/(.+)\/blobs\/uploads\/([0-9a-f-]{36})$/],
  ['blob', /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ['manifest', /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ['tags', /^\/v2\/(.+)\/tags\/list()$/],
  ['referrers', /^\/v2\/(.+)\/referrers\/([^/]+)$/],
]

/** Answers what stands below `/v2/` (distribution-spec, "Endpoints"). */
export async function distribution(service: Service, call: Call): Promise<Reply> {
  const { principal, path, method } = call
  const reading = method === 'GET' || method === 'HEAD'
  if (path === '/v2' || path === '/v2/') {
    if (!reading) return failure('UNSUPPORTED')
    // Clients find out here whether to ask for a token, which pulls of nobody in particular need too.
    const known = principal.user !== undefined || principal.grants !== undefined
    return known ? { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' } : challenge(call)
  }
  if (path === '/v2/_catalog') {
    if (!reading) return failure('UNSUPPORTED')
    const granted = principal.grants?.some(({ type, name }) => type === 'registry' && name === 'catalog') ?? true
    if (principal.user === undefined || !granted) return challenge(call, 'registry:catalog:*')
    return await catalog(service, call)
  }
  const route = routeOf(path)
  if (route === undefined) return failure('NAME_UNKNOWN', 'there is nothing below this path')
  if (route === 'invalid') return failure('NAME_INVALID')
  const [action, handler] = handlers[route.kind][method] ?? []
  if (!action || !handler) {
    return failure('UNSUPPORTED', undefined, { headers: { allow: Object.keys(handlers[route.kind]).join(', ') } })
  }
  const refused = await authorise(service.data, call, { repository: route.repository, action })
  return refused ?? (await handler(service, call, route))
}

function routeOf(path: string): Route | 'invalid' | undefined {
  for (const [kind, pattern] of patterns) {
    const [, name, reference = ''] = pattern.exec(path) ?? []
    if (name === undefined) continue
    const repository = repositoryName(name)
    return repository === undefined ? 'invalid' : { kind, name, repository, reference }
  }
  return undefined
}
