import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { StrakeError } from '../../lib/mod.ts'
import { type Digest, digestOf, isDigest } from '../../oci/mod.ts'
import { maxManifestSize, parseManifest } from '../../registry/mod.ts'
import type { Call } from '../http/call.ts'
import { failure, type Reply } from '../http/reply.ts'
import type { HubData } from '../hub.ts'
import { namespaceOf } from '../names.ts'
import type { Repository } from '../types.ts'
import { newManifest } from './manifests.ts'
import type { Uploads } from './uploads.ts'
import { Upstream } from './upstream.ts'

/** Milliseconds for which a tag is what the upstream last said. */
const fresh = 60_000

/**
 * Namespaces that copy another registry, by and by, as somebody asks for what is there. What was copied is served while the
 * upstream is away.
 */
export class Mirror {
  readonly #data: HubData
  readonly #uploads: Uploads
  readonly #upstreams = new Map<string, Upstream>()
  /** Blobs on their way, until they are here or have failed. Who asks for one meanwhile waits and gets the copy. */
  readonly #fetching = new Map<string, Promise<void>>()

  constructor(data: HubData, uploads: Uploads) {
    this.#data = data
    this.#uploads = uploads
  }

  /** Brings a mirror's manifest up to date. Undefined where the hub's own copy is to be looked for. */
  async manifest(call: Call, name: string, reference: string): Promise<Reply | undefined> {
    const upstream = await this.#upstream(name)
    if (!upstream) return undefined
    const repository = await this.#data.repositories.find(name)
    const have = repository && (await this.#data.contents.manifest(repository, reference))
    if (have && isDigest(reference)) return undefined
    if (have && repository) {
      const tag = await this.#data.contents.tag(repository, reference)
      if (tag && Date.now() - tag.checkedAt < fresh) return undefined
    }
    try {
      return await this.#update(upstream, { name, reference, have: have?.digest })
    } catch (error) {
      if (have && error instanceof StrakeError && error.code === 'unavailable') return undefined
      if (error instanceof StrakeError && error.code === 'unavailable') return failure('UNAVAILABLE', error.message)
      throw error
    } finally {
      call.request.resume()
    }
  }

  async #update(
    upstream: Upstream,
    { name, reference, have }: { readonly name: string; readonly reference: string; readonly have: Digest | undefined },
  ): Promise<Reply | undefined> {
    const wanted = { repository: upstream.repository(below(name)), path: `manifests/${reference}` }
    if (have !== undefined) {
      const head = await upstream.request({ ...wanted, method: 'HEAD' })
      if (head.ok && head.headers.get('docker-content-digest') === have) {
        const repository = await this.#data.repositories.find(name)
        if (repository) await this.#data.contents.touchTag(repository, reference)
        return undefined
      }
    }
    const answer = await upstream.request({ ...wanted, method: 'GET' })
    if (answer.status === 404 || answer.status === 401 || answer.status === 403) {
      await answer.body?.cancel()
      return failure('MANIFEST_UNKNOWN', `the upstream has no ${below(name)}:${reference}`)
    }
    const content = await limitedBody(answer)
    const digest = digestOf(content)
    if (isDigest(reference) && digest !== reference) {
      throw new StrakeError('unavailable', `the upstream sent other bytes than those of ${reference}`)
    }
    const parsed = parseManifest(content, answer.headers.get('content-type') ?? undefined)
    const repository = await this.#data.repositories.ensure(name, 'public')
    await this.#data.contents.putManifest(repository, newManifest(content, digest, parsed), {
      tag: isDigest(reference) ? undefined : reference,
      incomplete: true,
    })
    return undefined
  }

  /** Sends a mirror's blob that is not here yet, and keeps a copy of it. Undefined where it is not of a mirror. */
  async blob(call: Call, name: string, digest: Digest): Promise<Reply | undefined> {
    const upstream = await this.#upstream(name)
    const repository = upstream && (await this.#data.repositories.find(name))
    // Only what a manifest of ours needs: nobody makes the hub fetch what they like.
    if (!upstream || !repository || !(await this.#data.contents.isTarget(repository, digest))) return undefined
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest }
    const copied = async (): Promise<Reply | undefined> => {
      const have = await this.#data.contents.blob(repository, digest)
      if (!have) return undefined
      const whole = { first: 0, last: have.size - 1 }
      return {
        status: 200,
        headers: { ...headers, 'content-length': have.size },
        ...(call.method === 'GET' && have.size > 0 && { body: (to) => this.#data.blobs.copy(have.key, to, whole) }),
      }
    }
    const id = `${repository.id} ${digest}`
    const here = await copied()
    if (here) return here
    const fetching = call.method === 'GET' ? this.#fetching.get(id) : undefined
    await fetching
    const fetched = fetching && (await copied())
    if (fetched) return fetched

    const path = `blobs/${digest}`
    const wanted = { method: call.method as 'GET' | 'HEAD', repository: upstream.repository(below(name)), path }
    const { promise, resolve } = Promise.withResolvers<void>()
    if (call.method === 'GET') this.#fetching.set(id, promise)
    const done = () => {
      if (this.#fetching.get(id) === promise) this.#fetching.delete(id)
      resolve()
    }
    let copying: Promise<void> | undefined
    try {
      const answer = await upstream.request(wanted)
      if (!answer.ok || (call.method === 'GET' && !answer.body)) {
        await answer.body?.cancel()
        return failure('BLOB_UNKNOWN', `the upstream answered ${answer.status}`)
      }
      const length = answer.headers.get('content-length')
      const known = { ...headers, ...(length !== null && { 'content-length': Number(length) }) }
      if (call.method === 'HEAD' || !answer.body) return { status: 200, headers: known }
      const body = new PassThrough()
      copying = this.#copy(answer.body, { repository, digest, to: body })
      copying.catch((error: Error) => body.destroy(error)).finally(done)
      return { status: 200, headers: known, body }
    } finally {
      if (!copying) done()
    }
  }

  /** Stores what comes and passes it on. The client going away does not end it; the last byte is passed on after the digest was right. */
  async #copy(
    source: AsyncIterable<Uint8Array>,
    { repository, digest, to }: { readonly repository: Repository; readonly digest: Digest; readonly to: PassThrough },
  ): Promise<void> {
    const upload = { repository: repository.name, id: await this.#uploads.begin(repository.name) }
    try {
      await this.#uploads.append(upload, passing(source, to))
    } catch (error) {
      await this.#uploads.abandon(upload)
      throw error
    }
    const { kind } = await this.#uploads.finish(upload, repository, digest)
    if (kind !== 'finished') throw new StrakeError('corrupt', 'the upstream sent other bytes')
    to.end()
  }

  async #upstream(repository: string): Promise<Upstream | undefined> {
    const url = (await this.#data.accounts.namespace(namespaceOf(repository)))?.upstream
    if (url === undefined) return undefined
    let upstream = this.#upstreams.get(url)
    if (!upstream) {
      upstream = new Upstream(url)
      this.#upstreams.set(url, upstream)
    }
    return upstream
  }
}

async function* passing(source: AsyncIterable<Uint8Array>, to: PassThrough): AsyncIterable<Uint8Array> {
  for await (const piece of source) {
    if (!to.destroyed && !to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')])
    yield piece
  }
}

function below(repository: string): string {
  return repository.slice(repository.indexOf('/') + 1)
}

async function limitedBody(answer: Response): Promise<Buffer> {
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel()
    throw new StrakeError('unavailable', `the upstream answered ${answer.status}`)
  }
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer.body) {
    size += piece.length
    if (size > maxManifestSize) throw new StrakeError('unavailable', 'the upstream sent a manifest that is too large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
