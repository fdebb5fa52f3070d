import { StrakeError } from '../lib/mod.ts'
import type { Descriptor } from '../oci/mod.ts'
import type { Client } from './http/client.ts'
import { type Answer, dropBody } from './http/transport.ts'
import type { Content, Pushed } from './target.ts'
import { parseUploadRange } from './wire/mod.ts'

/** A blob that is being made: what is there can be read, the rest is waited for. */
export interface GrowingBlob {
  readonly open: Content
  /** Known when all of it is there. */
  readonly descriptor: Promise<Descriptor>
}

/** Where an upload goes. */
export interface UploadPlace {
  readonly client: Client
  readonly repository: string
  readonly scopes: readonly string[]
  readonly doing: string
}

export interface Upload {
  readonly blob: GrowingBlob | { readonly open: Content; readonly descriptor: Descriptor }
  /** Repositories of the same registry that may have it. */
  readonly mountFrom?: readonly string[]
}

/** How often an upload is taken up again without the registry having got a byte more. */
const attempts = 5

/**
 * Sends a blob (distribution-spec, "Pushing Blobs"): in one piece, and after a connection broke, in a further piece with
 * what the registry does not have yet; where the registry has forgotten it, from the start.
 */
export async function uploadBlob(place: UploadPlace, { blob, mountFrom = [] }: Upload): Promise<Pushed> {
  const known = blob.descriptor instanceof Promise ? undefined : blob.descriptor
  for (const from of known ? mountFrom.slice(0, 3) : []) {
    const session = await begin(place, { mount: known!.digest, from })
    if (session.kind === 'mounted') return { kind: 'mounted', from }
    return send(place, blob, session.location)
  }
  const session = await begin(place)
  return send(place, blob, session.location!)
}

type Session =
  | { readonly kind: 'mounted'; readonly location?: undefined }
  | { readonly kind: 'open'; readonly location: URL }

async function begin(
  { client, repository, scopes, doing }: UploadPlace,
  mount?: { readonly mount: string; readonly from: string },
): Promise<Session> {
  const query = mount ? `?${new URLSearchParams(mount)}` : ''
  const answer = await client.request({
    method: 'POST',
    path: `${repository}/blobs/uploads/${query}`,
    headers: { 'content-length': '0' },
    scopes: mount ? [...scopes, `repository:${mount.from}:pull`] : scopes,
    doing,
  })
  await dropBody(answer)
  if (answer.status === 201 && mount) return { kind: 'mounted' }
  return { kind: 'open', location: locationOf(answer) ?? missing(client) }
}

async function send(place: UploadPlace, blob: Upload['blob'], start: URL): Promise<Pushed> {
  const { client, doing, scopes } = place
  let location = start
  let at = 0
  let attempt = 1
  while (true) {
    try {
      const known = blob.descriptor instanceof Promise && at === 0 ? undefined : await blob.descriptor
      let last: AsyncIterable<Uint8Array> | undefined
      if (known && at === 0) last = blob.open(0)
      else if (!known || at < known.size) {
        // The length of a part is not told where it is not known: it is sent in chunks of HTTP then.
        const range = known && { 'content-range': `${at}-${known.size - 1}`, 'content-length': String(known.size - at) }
        const answer = await client.request({
          method: 'PATCH',
          path: location,
          headers: { 'content-type': 'application/octet-stream', ...range },
          body: blob.open(at),
          scopes,
          doing,
        })
        await dropBody(answer)
        location = locationOf(answer) ?? location
      }
      const { digest, size } = known ?? (await blob.descriptor)
      const url = new URL(location)
      url.searchParams.set('digest', digest)
      const answer = await client.request({
        method: 'PUT',
        path: url,
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(last ? size : 0) },
        // Nothing is left to send: an empty body can be sent again.
        body: last ?? new Uint8Array(0),
        scopes,
        doing,
      })
      await dropBody(answer)
      return { kind: 'pushed' }
    } catch (error) {
      if (!(error instanceof StrakeError)) throw error
      // 409 and 416: it has another part of the upload than we think, since what was on its way has come after all.
      const misplaced = error.code === 'conflict' || /range invalid|answered 416/.test(error.message)
      // 404: the registry does not know the upload any more. docker-registry 2 gives up each one that breaks.
      const lost = !misplaced && (error.code === 'not_found' || /blob upload (unknown|invalid)/.test(error.message))
      if ((error.code !== 'unavailable' && !lost && !misplaced) || attempt >= attempts) throw error
      await client.wait(attempt)
      const state = lost ? undefined : await progressOf(place, location)
      attempt = state && state.at > at ? 1 : attempt + 1
      location = state?.location ?? (await begin(place)).location!
      at = state?.at ?? 0
    }
  }
}

/** How much of an upload has arrived. Undefined where the registry has forgotten it. */
async function progressOf({ client, scopes, doing }: UploadPlace, location: URL) {
  let answer: Answer
  try {
    answer = await client.request({ method: 'GET', path: location, scopes, doing, accept: [400, 404, 405, 416] })
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'unavailable') return undefined
    throw error
  }
  await dropBody(answer)
  if (answer.status >= 300) return undefined
  const range = parseUploadRange(String(answer.headers.range ?? ''))
  // `0-0` is written for nothing at all.
  return { location: locationOf(answer) ?? location, at: range && range.last > 0 ? range.last + 1 : 0 }
}

function locationOf({ headers, url }: Answer): URL | undefined {
  const { location } = headers
  if (location === undefined || !URL.canParse(location, url.href)) return undefined
  const found = new URL(location, url)
  if (!/^https?:$/.test(found.protocol) || found.username !== '') return undefined
  if (url.protocol === 'https:' && found.protocol === 'http:' && found.host !== url.host) return undefined
  // Registries behind a proxy that ends TLS name themselves by http.
  if (url.protocol === 'https:') found.protocol = 'https:'
  return found
}

function missing(client: Client): never {
  throw new StrakeError('corrupt', `${client.host} opened an upload without telling where`)
}
