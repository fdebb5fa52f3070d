import { StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type Digest,
  digestOf,
  hex,
  isDigest,
  isImageType,
  isIndexType,
  mediaTypes,
} from '../oci/mod.ts'
import { findCredentials } from './config/credentials.ts'
import { type Endpoint, endpointsOf, hostCertificates } from './config/hosts.ts'
import { fetchBlob } from './download.ts'
import { Client, transports } from './http/client.ts'
import { type RateLimit, rateLimit } from './http/failure.ts'
import { type Answer, dropBody, readBody, type TransportOptions } from './http/transport.ts'
import { nextPage, readList } from './listing.ts'
import { type Content, type Pushed, readContent, type Target } from './target.ts'
import { type GrowingBlob, uploadBlob } from './upload.ts'
import { emptyType, manifestTypes, maxManifestSize, parseManifest } from './wire/mod.ts'

export interface RegistriesOptions {
  readonly signal?: AbortSignal | undefined
  /** Where configuration is found (DOCKER_CONFIG, …) and the proxy's variables. This process's, if left out. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Told once for each registry that limits requests. */
  readonly onRateLimit?: ((host: string, limit: RateLimit) => void) | undefined
  /** Milliseconds before a failed request is repeated for the first time. */
  readonly retryDelay?: number | undefined
  readonly idleTimeout?: TransportOptions['idleTimeout']
}

export interface RepositoryOptions {
  /** What the token must allow. */
  readonly access: 'pull' | 'push'
  /** Repositories of the same registry that may have a blob already, to take it from there without sending it. */
  readonly mountFrom?: ((digest: Digest) => readonly string[]) | undefined
}

/** A repository of a registry. */
export interface Repository extends Target {
  /** Sends a blob while it is made; its digest is known at its end. */
  pushGrowing(blob: GrowingBlob): Promise<void>
  /** Manifests that say something about this one: signatures, attestations. */
  referrers(subject: Digest): Promise<readonly Descriptor[]>
  tags(): AsyncIterable<string>
}

/** Connections to registries, with what the user's configuration says of them. Disposing closes them. */
export interface Registries extends Disposable {
  repository(registry: string, repository: string, options: RepositoryOptions): Repository
  client(endpoint: Endpoint, registry: string): Client
}

export function openRegistries(options: RegistriesOptions = {}): Registries {
  const { env = process.env, signal, retryDelay, idleTimeout } = options
  const insecureHosts = new Set<string>()
  const transport = transports((host) => ({
    ...hostCertificates(host, env),
    anyCertificate: insecureHosts.has(host),
    env,
    idleTimeout,
  }))
  const clients = new Map<string, Client>()
  const client = (endpoint: Endpoint, registry: string): Client => {
    const key = `${endpoint.schemes} ${endpoint.host} ${endpoint.mirror}`
    let known = clients.get(key)
    if (!known) {
      if (endpoint.insecure) insecureHosts.add(endpoint.host)
      // A mirror is somebody else: what is stored for the registry is not its business.
      const credentials = () => findCredentials(endpoint.mirror ? endpoint.host : registry, env)
      known = new Client({ endpoint, credentials, transport, signal, retryDelay })
      clients.set(key, known)
    }
    return known
  }
  return {
    client,
    repository(registry, repository, { access, mountFrom }) {
      const all = endpointsOf(registry, repository, env)
      const endpoints = access === 'push' ? all.filter(({ mirror }) => !mirror) : all
      const places = endpoints.map((endpoint) => ({ endpoint, client: client(endpoint, registry) }))
      return new RegistryRepository(`${registry}/${repository}`, places, { access, mountFrom, ...options })
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}

interface Place {
  readonly endpoint: Endpoint
  readonly client: Client
}

class RegistryRepository implements Repository {
  readonly name: string
  readonly #options: RepositoryOptions & RegistriesOptions
  /** Mirrors first, the registry itself last. */
  #places: readonly Place[]
  #limitTold = false
  /** Manifests that were pushed, which are often named next. */
  readonly #pushed = new Map<Digest, Buffer>()
  /** Blobs that were sent while they were made: it need not be asked for them. */
  readonly #sent = new Set<Digest>()

  constructor(name: string, places: readonly Place[], options: RepositoryOptions & RegistriesOptions) {
    this.name = name
    this.#places = places
    this.#options = options
  }

  async resolve(reference: string): Promise<Descriptor> {
    return this.#read(async (place) => {
      // An answer to HEAD can't tell what is wrong: the other request does.
      const request = { ...this.#manifest(place, reference), method: 'HEAD', accept: [400, 403, 404, 405] }
      const answer = await place.client.request(request)
      await dropBody(answer)
      this.#tellLimit(place, answer)
      const described = answer.status < 300 ? descriptorOf(answer) : undefined
      if (described) {
        if (isDigest(reference) && described.digest !== reference)
          throw otherDigest(this.name, reference, described.digest)
        return described
      }
      // The registry keeps to itself what it is: the bytes tell.
      const whole = await place.client.request(this.#manifest(place, reference))
      const bytes = await readBody(whole, maxManifestSize)
      const { mediaType } = parseManifest(bytes, whole.headers['content-type'])
      const digest = digestOf(bytes)
      if (isDigest(reference) && digest !== reference) throw otherDigest(this.name, reference, digest)
      return { mediaType, digest, size: bytes.length }
    })
  }

  async exists(descriptor: Descriptor): Promise<boolean> {
    if (this.#sent.has(descriptor.digest)) return true
    const place = this.#places.at(-1)!
    const request = isManifest(descriptor)
      ? this.#manifest(place, descriptor.digest)
      : this.#request(place, `blobs/${descriptor.digest}`, 'looking for a blob')
    const answer = await place.client.request({ ...request, method: 'HEAD', accept: [404] })
    await dropBody(answer)
    const length = answer.headers['content-length']
    return answer.status < 300 && (length === undefined || Number(length) === descriptor.size)
  }

  async *fetch(descriptor: Descriptor, from = 0): AsyncGenerator<Uint8Array> {
    if (isManifest(descriptor)) {
      const bytes = await this.#read(async (place) => {
        const answer = await place.client.request(this.#manifest(place, descriptor.digest))
        return readBody(answer, Math.min(descriptor.size, maxManifestSize))
      })
      yield bytes.subarray(from)
      return
    }
    let at = from
    for (const place of this.#places) {
      const request = this.#request(place, `blobs/${descriptor.digest}`, `pulling ${this.name}`)
      try {
        for await (const chunk of fetchBlob(place.client, request, { descriptor, from: at })) {
          at += chunk.length
          yield chunk
        }
        return
      } catch (error) {
        this.#giveUpOn(place, error)
      }
    }
  }

  async push(descriptor: Descriptor, content: Content): Promise<Pushed> {
    if (isManifest(descriptor)) {
      const chunks: Uint8Array[] = []
      for await (const chunk of content(0)) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      await this.#putManifest(descriptor, descriptor.digest, bytes)
      this.#pushed.set(descriptor.digest, bytes)
      return { kind: 'pushed' }
    }
    const place = this.#places.at(-1)!
    const from = this.#options.mountFrom?.(descriptor.digest) ?? []
    return uploadBlob(this.#upload(place), { blob: { descriptor, open: content }, mountFrom: from })
  }

  async pushGrowing(blob: GrowingBlob): Promise<void> {
    await uploadBlob(this.#upload(this.#places.at(-1)!), { blob })
    this.#sent.add((await blob.descriptor).digest)
  }

  async tag(manifest: Descriptor, reference: string): Promise<void> {
    const bytes = this.#pushed.get(manifest.digest) ?? (await readContent(this, manifest))
    await this.#putManifest(manifest, reference, bytes)
  }

  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    return this.#read(async (place) => {
      const request = this.#request(place, `referrers/${subject}`, `asking ${this.name} for referrers`)
      const answer = await place.client.request({
        ...request,
        headers: { accept: mediaTypes.index },
        accept: [400, 404, 405],
      })
      if (answer.status >= 300) {
        await dropBody(answer)
        return (await this.#fallback(place, subject)).manifests
      }
      const index = parseManifest(await readBody(answer, maxManifestSize), mediaTypes.index)
      return index.kind === 'index' ? index.manifests : []
    })
  }

  async *tags(): AsyncGenerator<string> {
    const place = this.#places.at(-1)!
    let path: string | undefined = 'tags/list'
    for (let pages = 0; path !== undefined && pages < 10_000; pages++) {
      const answer: Answer = await place.client.request(this.#request(place, path, `listing the tags of ${this.name}`))
      path = nextPage(answer)
      yield* await readList(answer, 'tags')
    }
  }

  async #putManifest(descriptor: Descriptor, reference: string, body: Buffer): Promise<void> {
    const place = this.#places.at(-1)!
    const answer = await place.client.request({
      ...this.#request(place, `manifests/${reference}`, `pushing ${this.name}`),
      method: 'PUT',
      headers: { 'content-type': descriptor.mediaType },
      body,
    })
    await dropBody(answer)
    const stored = answer.headers['docker-content-digest']
    if (stored !== undefined && stored !== descriptor.digest && isDigest(stored)) {
      throw otherDigest(this.name, descriptor.digest, stored)
    }
    const { subject, artifactType, annotations, ...manifest } = parseManifest(body, descriptor.mediaType)
    // A registry that knows of referrers says so; for others the client keeps the list (distribution-spec, "Referrers Tag Schema").
    if (!subject || answer.headers['oci-subject'] !== undefined) return
    const type = artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined)
    await this.#addReferrer(place, subject.digest, {
      mediaType: descriptor.mediaType,
      digest: descriptor.digest,
      size: descriptor.size,
      ...(type !== undefined && type !== emptyType && { artifactType: type }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    })
  }

  async #addReferrer(place: Place, subject: Digest, referrer: Descriptor): Promise<void> {
    const { manifests } = await this.#fallback(place, subject)
    if (manifests.some(({ digest }) => digest === referrer.digest)) return
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...manifests, referrer] }
    const answer = await place.client.request({
      ...this.#request(place, `manifests/${fallbackTag(subject)}`, `pushing ${this.name}`),
      method: 'PUT',
      headers: { 'content-type': mediaTypes.index },
      body: Buffer.from(JSON.stringify(index)),
    })
    await dropBody(answer)
  }

  async #fallback(place: Place, subject: Digest): Promise<{ readonly manifests: readonly Descriptor[] }> {
    const answer = await place.client.request({ ...this.#manifest(place, fallbackTag(subject)), accept: [404] })
    if (answer.status === 404) {
      await dropBody(answer)
      return { manifests: [] }
    }
    const index = parseManifest(await readBody(answer, maxManifestSize), answer.headers['content-type'])
    return { manifests: index.kind === 'index' ? index.manifests : [] }
  }

  /** Asks the mirrors and then the registry itself; what a mirror can't do is no failure. */
  async #read<T>(ask: (place: Place) => Promise<T>): Promise<T> {
    for (const place of this.#places) {
      try {
        return await ask(place)
      } catch (error) {
        this.#giveUpOn(place, error)
      }
    }
    throw new StrakeError('internal', `${this.name} is nowhere`)
  }

  /** Throws the error, unless there is still another place to ask. */
  #giveUpOn(place: Place, error: unknown): void {
    if (!place.endpoint.mirror || !(error instanceof StrakeError) || error.code === 'cancelled') throw error
    if (error.code === 'unavailable') this.#places = this.#places.filter((other) => other !== place)
  }

  #tellLimit({ endpoint }: Place, answer: Answer): void {
    const limit = rateLimit(answer)
    if (!limit || this.#limitTold) return
    this.#limitTold = true
    this.#options.onRateLimit?.(endpoint.host, limit)
  }

  #request({ endpoint }: Place, path: string, doing: string) {
    const actions = this.#options.access === 'push' ? 'pull,push' : 'pull'
    return {
      method: 'GET',
      path: path.startsWith('/') ? path : `${endpoint.repository}/${path}`,
      scopes: [`repository:${endpoint.repository}:${actions}`],
      doing,
    }
  }

  #manifest(place: Place, reference: string) {
    const doing = this.#options.access === 'push' ? `pushing ${this.name}` : `pulling ${this.name}`
    return { ...this.#request(place, `manifests/${reference}`, doing), headers: { accept: manifestTypes.join(', ') } }
  }

  #upload(place: Place) {
    const { scopes } = this.#request(place, '', '')
    const { repository } = place.endpoint
    return { client: place.client, repository, scopes, doing: `pushing ${this.name}` }
  }
}

function isManifest({ mediaType }: Descriptor): boolean {
  return isIndexType(mediaType) || isImageType(mediaType)
}

function fallbackTag(subject: Digest): string {
  return `sha256-${hex(subject)}`
}

/** What the headers of an answer tell of a manifest; undefined where something is missing. */
function descriptorOf({ headers }: Answer): Descriptor | undefined {
  const mediaType = headers['content-type']?.split(';')[0]?.trim() ?? ''
  const digest = headers['docker-content-digest']
  const size = Number(headers['content-length'] ?? Number.NaN)
  if (!(isIndexType(mediaType) || isImageType(mediaType)) || !isDigest(digest) || !(size >= 0)) return undefined
  if (size > maxManifestSize) throw new StrakeError('corrupt', `a manifest of ${size} bytes is too large`)
  return { mediaType, digest, size }
}

function otherDigest(name: string, wanted: string, found: string): StrakeError {
  return new StrakeError('corrupt', `${name}: the registry answered with ${found} where ${wanted} was asked for`)
}
