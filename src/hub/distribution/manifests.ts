import { StrakeError } from '../../lib/mod.ts'
import { type Digest, digestOf, isDigest, isTag, mediaTypes } from '../../oci/mod.ts'
import {
  foreignLayerTypes,
  manifestTypes,
  maxManifestSize,
  type ParsedManifest,
  parseManifest,
  printLink,
} from '../../registry/mod.ts'
import { viewerOf } from '../access/rights.ts'
import { type Call, readBody } from '../http/call.ts'
import { failure, json, type Reply } from '../http/reply.ts'
import type { ManifestRefusal, NewManifest } from '../metadata/contents.ts'
import type { Repository, StoredManifest } from '../types.ts'
import { invalidDigest } from './blobs.ts'
import type { Route, Service } from './service.ts'

/** More than any image has; what is looked up for each must end. */
const maxTargets = 5000

/** GET, HEAD, PUT and DELETE of a manifest, by tag or digest (distribution-spec, "Pulling manifests" and on). */
export async function manifest(service: Service, call: Call, route: Route): Promise<Reply> {
  const { reference } = route
  if (reference.includes(':') && !isDigest(reference)) return invalidDigest(reference)
  if (!reference.includes(':') && !isTag(reference)) {
    if (call.method === 'PUT') return failure('TAG_INVALID', `invalid tag ${JSON.stringify(reference.slice(0, 200))}`)
    // What can be no tag is none: "If the manifest is not found in the repository, the response code MUST be 404".
    return failure('MANIFEST_UNKNOWN', `${route.name} has no ${JSON.stringify(reference.slice(0, 200))}`)
  }
  if (call.method === 'PUT') return await put(service, call, route)
  if (call.method === 'DELETE') return await remove(service, route)
  const mirrored = await service.mirror.manifest(call, route.repository, reference)
  if (mirrored) return mirrored
  const repository = await service.data.repositories.find(route.repository)
  if (!repository) return failure('NAME_UNKNOWN', `repository ${route.name} is not there`)
  const found = await service.data.contents.manifest(repository, reference)
  if (!found) return failure('MANIFEST_UNKNOWN', await unknownManifest(service, repository, route))
  if (call.method === 'GET') service.countPull(repository.id)
  return manifestReply(call, found)
}

/** Who asks for `latest` where there is none wants to know what there is. */
async function unknownManifest({ data }: Service, repository: Repository, route: Route): Promise<string> {
  const missing = `${route.name} has no ${route.reference}`
  if (isDigest(route.reference)) return missing
  const tags = await data.contents.newestTags(repository, 6)
  if (tags.length === 0) return missing
  return `${missing}; its newest tags: ${tags.slice(0, 5).join(', ')}${tags.length > 5 ? ', …' : ''}`
}

export function manifestReply({ request, method }: Call, { digest, mediaType, content }: StoredManifest): Reply {
  const headers = {
    'content-type': mediaType,
    'content-length': content.length,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  }
  if (request.headers['if-none-match'] === headers.etag) return { status: 304, headers: { etag: headers.etag } }
  return { status: 200, headers, ...(method === 'GET' && { body: content }) }
}

async function put({ data, settings }: Service, call: Call, route: Route): Promise<Reply> {
  const { reference } = route
  if (Number(call.request.headers['content-length'] ?? 0) > maxManifestSize) {
    return failure('MANIFEST_INVALID', `a manifest has at most ${maxManifestSize} bytes`, { status: 413 })
  }
  const content = await readBody(call, maxManifestSize)
  const digest = digestOf(content)
  if (isDigest(reference) && reference !== digest) return failure('DIGEST_INVALID')
  let made: NewManifest
  try {
    made = newManifest(content, digest, parseManifest(content, call.request.headers['content-type']))
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    return failure('MANIFEST_INVALID', error.message)
  }
  const repository = await data.repositories.ensure(route.repository, settings.visibility)
  const refusal = await data.contents.putManifest(repository, made, {
    tag: isDigest(reference) ? undefined : reference,
  })
  if (refusal) return refused(refusal, route)
  return {
    status: 201,
    headers: {
      location: `/v2/${route.name}/manifests/${digest}`,
      'docker-content-digest': digest,
      'content-length': 0,
      ...(made.subject && { 'oci-subject': made.subject }),
    },
  }
}

/** What is kept of a manifest. Throws `corrupt` beyond the limits. */
export function newManifest(content: Uint8Array, digest: Digest, parsed: ParsedManifest): NewManifest {
  const targets = parsed.kind === 'image' ? [parsed.config, ...parsed.layers] : parsed.manifests
  if (targets.length > maxTargets) throw new StrakeError('corrupt', `more than ${maxTargets} layers or manifests`)
  // BuildKit's caches are indexes of blobs.
  const isManifest = (mediaType: string) => parsed.kind === 'index' && manifestTypes.includes(mediaType)
  const artifactType =
    parsed.artifactType ?? (parsed.kind === 'image' && parsed.subject ? parsed.config.mediaType : undefined)
  return {
    content,
    digest,
    mediaType: parsed.mediaType,
    blobs: targets.filter(({ mediaType }) => !isManifest(mediaType) && !foreignLayerTypes.includes(mediaType)),
    manifests: targets.filter(({ mediaType }) => isManifest(mediaType)),
    subject: parsed.subject?.digest,
    artifactType,
    annotations: parsed.annotations,
  }
}

function refused(refusal: ManifestRefusal, { name, reference }: Route): Reply {
  if (refusal.kind === 'immutable') {
    return failure('DENIED', `tags of ${name} are immutable, and ${reference} is there already: push another tag`)
  }
  const { digest, mediaType, size } = refusal.target
  const detail = { digest, mediaType, size }
  if (refusal.kind === 'size') {
    const message = `the manifest says that ${digest} has ${size} bytes; it has ${refusal.size}`
    return failure('MANIFEST_INVALID', message, { detail })
  }
  const what = manifestTypes.includes(mediaType) ? 'manifest' : 'blob'
  return failure('MANIFEST_BLOB_UNKNOWN', `${name} has no ${what} ${digest}`, { detail, status: 404 })
}

async function remove({ data }: Service, { name, repository, reference }: Route): Promise<Reply> {
  const found = await data.repositories.find(repository)
  if (!found) return failure('NAME_UNKNOWN', `repository ${name} is not there`)
  try {
    if (isDigest(reference)) await data.contents.removeManifest(found, reference)
    else await data.contents.removeTag(found, reference)
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    if (error.code === 'conflict') return failure('UNSUPPORTED', error.message)
    return error.code === 'not_found' ? failure('MANIFEST_UNKNOWN', error.message) : Promise.reject(error)
  }
  return { status: 202, headers: { 'content-length': 0 } }
}

/** GET of the manifests that say something about another one (distribution-spec, "Listing Referrers"). */
export async function referrers({ data }: Service, call: Call, route: Route): Promise<Reply> {
  if (!isDigest(route.reference)) return invalidDigest(route.reference)
  const repository = await data.repositories.find(route.repository)
  const all = repository ? await data.contents.referrers(repository, route.reference) : []
  const type = call.query.get('artifactType')
  const manifests = type === null ? all : all.filter(({ artifactType }) => artifactType === type)
  return json(
    { schemaVersion: 2, mediaType: mediaTypes.index, manifests },
    { 'content-type': mediaTypes.index, ...(type !== null && { 'oci-filters-applied': 'artifactType' }) },
  )
}

/** GET of the tags' names (distribution-spec, "Listing Tags"). */
export async function tagList({ data }: Service, call: Call, { name, repository }: Route): Promise<Reply> {
  const page = pageOf(call)
  if ('status' in page) return page
  const found = await data.repositories.find(repository)
  if (!found) return failure('NAME_UNKNOWN', `repository ${name} is not there`)
  const tags = await data.contents.tags(found, { after: page.last, limit: page.limit + 1 })
  const names = tags.slice(0, page.limit).map((tag) => tag.name)
  return json({ name, tags: names }, more(`/v2/${name}/tags/list`, { names, limit: page.limit, left: tags.length }))
}

/** GET of the repositories that the caller may see (docker's `_catalog`). */
export async function catalog({ data }: Service, call: Call): Promise<Reply> {
  const page = pageOf(call)
  if ('status' in page) return page
  const found = await data.repositories.list({
    viewer: viewerOf(call.principal),
    after: page.last,
    limit: page.limit + 1,
  })
  const names = found.slice(0, page.limit).map(({ name }) => name)
  return json({ repositories: names }, more('/v2/_catalog', { names, limit: page.limit, left: found.length }))
}

const maxPage = 1000

function pageOf({ query }: Call): { readonly last: string; readonly limit: number } | Reply {
  const n = query.get('n')
  if (n !== null && !/^\d{1,9}$/.test(n)) return failure('PAGINATION_NUMBER_INVALID')
  return { last: query.get('last') ?? '', limit: Math.min(n === null ? maxPage : Number(n), maxPage) }
}

function more(
  path: string,
  { names, limit, left }: { readonly names: readonly string[]; readonly limit: number; readonly left: number },
): Readonly<Record<string, string>> {
  const last = names.at(-1)
  if (left <= limit || last === undefined) return {}
  return { link: printLink(`${path}?last=${encodeURIComponent(last)}&n=${limit}`, 'next') }
}
