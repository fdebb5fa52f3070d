import { StrakeError } from '../../lib/mod.ts'
import { type Digest, isDigest } from '../../oci/mod.ts'
import { parseRange, parseUploadRange, printContentRange, printUploadRange } from '../../registry/mod.ts'
import { rights } from '../access/rights.ts'
import type { Call } from '../http/call.ts'
import { failure, failureOf, type Reply } from '../http/reply.ts'
import { quotaError } from '../metadata/contents.ts'
import { namespaceOf, repositoryName } from '../names.ts'
import type { Blob } from '../types.ts'
import { authorise } from './authorise.ts'
import type { Route, Service } from './service.ts'
import type { Limit, Limits } from './uploads.ts'

/** GET and HEAD of a blob (distribution-spec, "Pulling blobs"), in stretches too. DELETE takes it from the repository. */
export async function blob(service: Service, call: Call, route: Route): Promise<Reply> {
  const { data } = service
  if (!isDigest(route.reference)) return invalidDigest(route.reference)
  const digest = route.reference
  const repository = await data.repositories.find(route.repository)
  if (call.method === 'DELETE') {
    if (!repository || !(await data.contents.blob(repository, digest))) return failure('BLOB_UNKNOWN')
    if (await data.contents.removeBlob(repository, digest)) return { status: 202, headers: { 'content-length': 0 } }
    return failure('UNSUPPORTED', 'a manifest needs this blob: delete that first')
  }
  const found = repository && (await data.contents.blob(repository, digest))
  if (!found) return (await service.mirror.blob(call, route.repository, digest)) ?? failure('BLOB_UNKNOWN')
  // A client that is about to push looks what is there, and does not send it.
  if (call.method === 'HEAD' && (await rights(data, call.principal, repository.name)).has('push')) {
    await data.contents.touchBlob(repository, digest)
  }
  return content(service, call, found)
}

function content({ data }: Service, { request, method }: Call, { digest, size, key }: Blob): Reply {
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
  }
  if (request.headers['if-none-match'] === headers.etag) return { status: 304, headers }
  const range = request.headers.range === undefined ? undefined : parseRange(request.headers.range, size)
  if (range === 'unsatisfiable') {
    return failure('RANGE_INVALID', undefined, { headers: { 'content-range': `bytes */${size}` } })
  }
  const length = range ? range.last - range.first + 1 : size
  return {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      'content-length': length,
      ...(range && { 'content-range': printContentRange(range, size) }),
    },
    ...(method === 'GET' &&
      length > 0 && { body: (to) => data.blobs.copy(key, to, range ?? { first: 0, last: size - 1 }) }),
  }
}

/** POST to `blobs/uploads/`: a mount, a whole blob, or the beginning of an upload (distribution-spec, "Pushing blobs"). */
export async function beginUpload(service: Service, call: Call, route: Route): Promise<Reply> {
  const mount = call.query.get('mount')
  if (mount !== null) {
    if (!isDigest(mount)) return invalidDigest(mount)
    if (await mounted(service, call, { route, digest: mount })) return created(route, mount)
  }
  const digest = call.query.get('digest')
  if (digest !== null && !isDigest(digest)) return invalidDigest(digest)
  const limits = await limitsOf(service, route)
  const refused = await tooLarge(service, call, limits.single)
  if (refused) return refused
  const id = await service.uploads.begin(route.repository)
  const upload = { repository: route.repository, id }
  if (digest === null) return accepted(route, id, 0)
  try {
    await service.uploads.append(upload, body(call), { limits })
  } catch (error) {
    await service.uploads.abandon(upload)
    throw error
  }
  return await finish(service, { ...route, reference: id }, digest)
}

/** GET, PATCH, PUT and DELETE of an upload. */
export async function upload(service: Service, call: Call, route: Route): Promise<Reply> {
  const { uploads } = service
  const name = { repository: route.repository, id: route.reference }
  if (call.method === 'DELETE') {
    return (await uploads.abandon(name)) ? { status: 204 } : failure('BLOB_UPLOAD_UNKNOWN')
  }
  if (call.method === 'GET' || call.method === 'HEAD') {
    const size = await uploads.size(name)
    return size === undefined ? failure('BLOB_UPLOAD_UNKNOWN') : { ...accepted(route, name.id, size), status: 204 }
  }
  const { 'content-range': header, 'content-length': length } = call.request.headers
  const range = header === undefined ? undefined : parseUploadRange(header)
  if (header !== undefined && !range) return failure('RANGE_INVALID', `invalid Content-Range: ${header.slice(0, 100)}`)
  if (range && length !== undefined && Number(length) !== range.last - range.first + 1) {
    return failure('SIZE_INVALID', 'Content-Range and Content-Length are not of the same size')
  }
  const digest = call.query.get('digest')
  if (call.method === 'PUT' && !isDigest(digest)) return invalidDigest(digest ?? '')
  const limits = await limitsOf(service, route)
  const refused = await tooLarge(service, call, limits.single)
  if (refused) {
    // What a full disk stops is not kept: it begins anew where there is room.
    if (refused.status === 507) await uploads.abandon(name)
    return refused
  }
  const appended = await uploads.append(name, body(call), { first: range?.first, limits })
  if (appended.kind === 'unknown') return failure('BLOB_UPLOAD_UNKNOWN')
  if (appended.kind === 'busy') {
    return failure('BLOB_UPLOAD_INVALID', 'another request is sending bytes of this upload', { status: 409 })
  }
  if (appended.kind === 'gap') {
    const { headers } = accepted(route, name.id, appended.size)
    return failure('RANGE_INVALID', `the next byte is number ${appended.size}`, { headers: headers! })
  }
  return call.method === 'PUT'
    ? await finish(service, route, digest as Digest)
    : accepted(route, name.id, appended.size)
}

async function finish(service: Service, route: Route, digest: Digest): Promise<Reply> {
  const repository = await service.data.repositories.ensure(route.repository, service.settings.visibility)
  const upload = { repository: route.repository, id: route.reference }
  const { kind } = await service.uploads.finish(upload, repository, digest)
  if (kind === 'unknown') return failure('BLOB_UPLOAD_UNKNOWN')
  return kind === 'mismatch' ? failure('DIGEST_INVALID') : created(route, digest)
}

/** Whether the blob of another repository, which the caller may read, is one of this repository now. */
async function mounted(
  { data, settings }: Service,
  call: Call,
  { route, digest }: { readonly route: Route; readonly digest: Digest },
): Promise<boolean> {
  const name = repositoryName(call.query.get('from') ?? '')
  const from = name === undefined ? undefined : await data.repositories.find(name)
  if (!from || (await authorise(data, call, { repository: from.name, action: 'pull' }))) return false
  if (!(await data.contents.blob(from, digest))) return false
  const to = await data.repositories.ensure(route.repository, settings.visibility)
  return await data.contents.mountBlob(from, to, digest)
}

/**
 * The bytes that a blob may have, and all that its namespace uploads: no more than that could ever hold, so that nobody fills the
 * disk with the rest.
 */
async function limitsOf({ data, settings }: Service, { repository }: Route): Promise<Limits> {
  const namespace = namespaceOf(repository)
  const quota = (await data.accounts.namespace(namespace))?.quota
  const together = quota === undefined ? undefined : { size: quota, error: quotaError(namespace, quota) }
  if (together && together.size < settings.maxBlob) return { single: together, together }
  const message = `a blob must not have more than ${settings.maxBlob} bytes here`
  return { single: { size: settings.maxBlob, error: new StrakeError('denied', message) }, together }
}

/** Refuses at once what can't succeed: more than the limit, or more than the disk has room for. */
async function tooLarge({ data }: Service, { request }: Call, { size, error }: Limit): Promise<Reply | undefined> {
  const claimed = Number(request.headers['content-length'] ?? 0)
  if (claimed > size) return { ...failureOf(error)!, status: 413 }
  const free = claimed > 1024 * 1024 ? await data.blobs.free() : undefined
  if (free === undefined || claimed <= free) return undefined
  return failure('UNAVAILABLE', "no space is left on the hub's disk", { status: 507 })
}

function body({ request }: Call): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false })
}

function accepted(route: Route, id: string, size: number): Reply {
  return {
    status: 202,
    headers: {
      location: `/v2/${route.name}/blobs/uploads/${id}`,
      range: printUploadRange({ first: 0, last: size - 1 }),
      'docker-upload-uuid': id,
      'content-length': 0,
    },
  }
}

function created({ name }: Route, digest: Digest): Reply {
  return {
    status: 201,
    headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest, 'content-length': 0 },
  }
}

export function invalidDigest(text: string): Reply {
  return failure('DIGEST_INVALID', `invalid digest ${JSON.stringify(text.slice(0, 100))}: sha256 and 64 hex digits`)
}
