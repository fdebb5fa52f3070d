import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { errorBody, errorCodes, parseRange, type RegistryErrorCode } from './wire/mod.ts'

/**
 * For tests: a folder with a configuration in which Docker Hub is a closed port of this machine, and nothing is logged in anywhere.
 * Gives the environment that names it: an image that is not here is looked for nowhere.
 */
export function withoutDockerHub(folder: string) {
  mkdirSync(folder, { recursive: true })
  // Stands before the machine's own, which may name mirrors.
  writeFileSync(join(folder, 'daemon.json'), '{}\n')
  const registries = join(folder, 'registries.conf')
  writeFileSync(registries, '[[registry]]\nprefix = "docker.io"\nlocation = "127.0.0.1:9"\n')
  return { DOCKER_CONFIG: folder, CONTAINERS_REGISTRIES_CONF: registries }
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Bytes of its body that came. */
  received: number
  /** Bytes of the answer's body. */
  sent: number
}

/** Takes a request over: `true` when nothing else is to be done about it. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: SeenRequest,
) => boolean | Promise<boolean>

/**
 * For tests: a registry in memory, which does wrong what a test wants of it. It is the distribution spec as short as it can
 * be said; what real registries do is tested with a real one.
 */
export class FaultyRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Buffer>()
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>()
  readonly requests: SeenRequest[] = []
  readonly #uploads = new Map<string, Buffer>()
  readonly #server: Server
  #count = 0
  /** Asked about each request first. */
  fault: Fault = () => false
  /** Once an upload has got so many bytes, its connection is cut; then no more. */
  cutUploadAt = Number.POSITIVE_INFINITY

  constructor(tls?: {
    readonly key: string
    readonly cert: string
    readonly ca?: string
    readonly requestCert?: boolean
  }) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response)
    this.#server = tls ? createTlsServer(tls, serve) : createServer(serve)
    this.#server.on('clientError', (_, socket) => socket.destroy())
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  /** `127.0.0.1:45678`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Stores a blob and tells what it is. */
  add(bytes: string | Buffer, mediaType: string) {
    const data = Buffer.from(bytes)
    const digest = digestOf(data)
    this.blobs.set(digest, data)
    return { mediaType, digest, size: data.length }
  }

  /** Stores a manifest under its digest and a tag. */
  addManifest(repository: string, tag: string, document: { readonly mediaType: string }) {
    const bytes = Buffer.from(JSON.stringify(document))
    const manifest = { type: document.mediaType, bytes }
    for (const name of [tag, digestOf(bytes)]) this.manifests.set(`${repository}/${name}`, manifest)
    return { mediaType: document.mediaType, digest: digestOf(bytes), size: bytes.length }
  }

  count(method: string, path: RegExp): number {
    return this.requests.filter((request) => request.method === method && path.test(request.path)).length
  }

  refuse(response: ServerResponse, code: RegistryErrorCode, message?: string): true {
    response.writeHead(errorCodes[code].status, { 'content-type': 'application/json' }).end(errorBody(code, message))
    return true
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request
    const seen: SeenRequest = { method, path, headers, received: 0, sent: 0 }
    this.requests.push(seen)
    request.on('error', () => {})
    response.on('error', () => {})
    try {
      if (await this.fault(request, response, seen)) return
      await this.#answer(request, response, seen)
    } catch (error) {
      if (!request.destroyed && !response.destroyed) response.destroy(error as Error)
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, seen: SeenRequest): Promise<void> {
    const { method, path } = seen
    const url = new URL(path, `http://${this.host}`)
    const [, repository = '', kind, name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|referrers|tags)\/(.*)$/.exec(url.pathname) ?? []
    if (url.pathname === '/v2/') return void response.writeHead(200).end('{}')
    if (kind === 'blobs/uploads') return this.#upload(request, response, { seen, url, repository, id: name })
    if (kind === 'blobs') {
      const blob = this.blobs.get(name)
      return blob ? this.send(request, response, blob) : void this.refuse(response, 'BLOB_UNKNOWN')
    }
    if (kind === 'manifests' && method === 'PUT') {
      const bytes = await readAll(request, seen)
      const manifest = { type: request.headers['content-type'] ?? '', bytes }
      for (const key of [name, digestOf(bytes)]) this.manifests.set(`${repository}/${key}`, manifest)
      return void response.writeHead(201, { 'docker-content-digest': digestOf(bytes) }).end()
    }
    const manifest = kind === 'manifests' ? this.manifests.get(`${repository}/${name}`) : undefined
    if (!manifest) return void this.refuse(response, 'MANIFEST_UNKNOWN')
    const { type, bytes } = manifest
    response.writeHead(200, {
      'content-type': type,
      'content-length': bytes.length,
      'docker-content-digest': digestOf(bytes),
    })
    seen.sent = bytes.length
    response.end(method === 'HEAD' ? undefined : bytes)
  }

  /** Answers with the bytes, or the part that is asked for. */
  send(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const range = parseRange(request.headers.range ?? '', bytes.length)
    const part = typeof range === 'object' ? bytes.subarray(range.first, range.last + 1) : bytes
    response.writeHead(typeof range === 'object' ? 206 : 200, {
      'content-length': part.length,
      ...(typeof range === 'object' && { 'content-range': `bytes ${range.first}-${range.last}/${bytes.length}` }),
    })
    this.requests.at(-1)!.sent = part.length
    response.end(request.method === 'HEAD' ? undefined : part)
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { seen, url, repository, id }: { seen: SeenRequest; url: URL; repository: string; id: string },
  ): Promise<void> {
    const location = (upload: string) => ({ location: `/v2/${repository}/blobs/uploads/${upload}` })
    if (request.method === 'POST') {
      const mount = url.searchParams.get('mount')
      if (mount && this.blobs.has(mount) && url.searchParams.get('from')) return void response.writeHead(201).end()
      const fresh = String(++this.#count)
      this.#uploads.set(fresh, Buffer.alloc(0))
      return void response.writeHead(202, location(fresh)).end()
    }
    const before = this.#uploads.get(id)
    if (!before) return void this.refuse(response, 'BLOB_UPLOAD_UNKNOWN')
    const range = () => ({ range: `0-${Math.max(0, this.#uploads.get(id)!.length - 1)}` })
    if (request.method === 'GET') return void response.writeHead(204, { ...location(id), ...range() }).end()
    const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1]
    if (start !== undefined && Number(start) !== before.length) return void this.refuse(response, 'RANGE_INVALID')
    // What comes is kept as it comes, so that a broken connection leaves a part.
    for await (const chunk of request) {
      seen.received += (chunk as Buffer).length
      const arrived = Buffer.concat([this.#uploads.get(id)!, chunk as Buffer])
      this.#uploads.set(id, arrived)
      if (arrived.length < this.cutUploadAt) continue
      this.cutUploadAt = Number.POSITIVE_INFINITY
      request.destroy()
      return
    }
    if (request.method === 'PATCH') return void response.writeHead(202, { ...location(id), ...range() }).end()
    const bytes = this.#uploads.get(id)!
    const digest = url.searchParams.get('digest') ?? ''
    if (digestOf(bytes) !== digest) return void this.refuse(response, 'DIGEST_INVALID')
    this.blobs.set(digest, bytes)
    this.#uploads.delete(id)
    response.writeHead(201, { 'docker-content-digest': digest }).end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function readAll(request: IncomingMessage, seen: SeenRequest): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  seen.received = chunks.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat(chunks)
}
