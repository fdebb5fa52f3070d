import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { errno, StrakeError } from '../lib/mod.ts'
import type { Principal } from './access/rights.ts'
import { collect } from './collect.ts'
import { service as tokenService } from './distribution/authorise.ts'
import { Mirror } from './distribution/mirror.ts'
import { distribution } from './distribution/router.ts'
import { search } from './distribution/search.ts'
import type { Service, ServiceSettings } from './distribution/service.ts'
import { throttled, tokenEndpoint } from './distribution/token.ts'
import { Uploads } from './distribution/uploads.ts'
import { type Call, methodName, readCall, routeName } from './http/call.ts'
import { Metrics } from './http/metrics.ts'
import { failure, failureOf, type Reply } from './http/reply.ts'
import { respond } from './http/respond.ts'
import { openAccess, openHub } from './hub.ts'
import { pages } from './web/pages.ts'

export interface ServeOptions extends Partial<ServiceSettings> {
  /** The data folder. */
  readonly data: string
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** How clients name the hub, where a proxy stands before it: `https://hub.example.com`. */
  readonly url?: string | undefined
  /** `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustProxy?: boolean
  /** Milliseconds between collections; 0 for none. */
  readonly collectEvery?: number
  log(event: LogEvent): void
}

export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly [field: string]: unknown
}

export interface RunningHub {
  /** `http://127.0.0.1:5000`. */
  readonly url: string
  /** Finishes what is under way, up to a few seconds, and stops. */
  close(): Promise<void>
}

/** Milliseconds without a byte after which a connection is closed. */
const idle = 60_000
/** Milliseconds that requests under way have when the hub stops. */
const patience = 10_000

/** Serves a hub until it is closed. Throws where it can't listen. */
export async function serve(options: ServeOptions): Promise<RunningHub> {
  const data = openHub(options.data)
  try {
    return await listen(options, { ...data, ...openAccess(options.data, data.accounts) })
  } catch (error) {
    data[Symbol.dispose]()
    throw error
  }
}

async function listen(options: ServeOptions, data: Service['data']): Promise<RunningHub> {
  const { host, port, tls, log } = options
  const pulls = new Map<number, number>()
  const uploads = new Uploads(data)
  const service: Service = {
    data,
    uploads,
    mirror: new Mirror(data, uploads),
    settings: { visibility: options.visibility ?? 'public', maxBlob: options.maxBlob ?? Number.MAX_SAFE_INTEGER },
    countPull: (repository) => pulls.set(repository, (pulls.get(repository) ?? 0) + 1),
  }
  const hub: Hub = { options, service, metrics: new Metrics(), closing: false }

  const handle = (request: IncomingMessage, response: ServerResponse) => void answer(hub, request, response)
  const limits = { maxHeaderSize: 16 * 1024, requestTimeout: 0, headersTimeout: 20_000, keepAliveTimeout: 65_000 }
  const server: Server = tls ? createTlsServer({ ...limits, ...tls }, handle) : createServer(limits, handle)
  server.maxHeadersCount = 100
  server.setTimeout(idle)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)))
    server.listen(port, host, resolve)
  })

  const writePulls = async () => {
    const counted = [...pulls]
    pulls.clear()
    for (const [repository, count] of counted) await data.repositories.countPulls(repository, count)
  }
  const guarded = (what: string, body: () => Promise<void>) =>
    void body().catch((error: Error) => log({ level: 'error', message: `${what} failed`, error: error.message }))
  const timers = [setInterval(() => guarded('counting pulls', writePulls), 10_000)]
  if (options.collectEvery) {
    timers.push(setInterval(() => guarded('collection', () => collectAndLog(hub)), options.collectEvery))
  }
  const { address, port: bound, family } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    async close() {
      hub.closing = true
      for (const timer of timers) clearInterval(timer)
      // A client keeps its connection when its request has ended: it is looked for until none is left.
      const idle = setInterval(() => server.closeIdleConnections(), 50)
      const force = setTimeout(() => server.closeAllConnections(), patience)
      await new Promise((resolve) => server.close(resolve))
      clearInterval(idle)
      clearTimeout(force)
      await writePulls()
      data[Symbol.dispose]()
    },
  }
}

interface Hub {
  readonly options: ServeOptions
  readonly service: Service
  readonly metrics: Metrics
  closing: boolean
}

async function collectAndLog({ service, metrics, options }: Hub): Promise<void> {
  const started = Date.now()
  const { tags, blobs, bytes, leftovers } = await collect(service.data)
  metrics.count('strake_hub_collected_bytes_total', {}, bytes)
  options.log({ level: 'info', message: 'collected', tags, blobs, bytes, leftovers, ms: Date.now() - started })
}

async function answer(hub: Hub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { log } = hub.options
  const { metrics } = hub
  const started = performance.now()
  let call: Call | undefined
  let reply: Reply
  let route = 'invalid'
  try {
    call = readCall(request, hub.options)
    route = routeName(call.path)
    const found = await dispatch(hub, call)
    reply = found.reply
    call = found.call
  } catch (error) {
    const known = failureOf(error)
    if (!known && !gone(request, error)) {
      log({
        level: 'error',
        message: 'a defect',
        path: call?.path,
        error: error instanceof Error ? error.stack : error,
      })
    }
    if (known?.status === 507) log({ level: 'error', message: error instanceof Error ? error.message : 'no space' })
    reply = known ?? failure('UNKNOWN', 'the hub failed; its log says how')
  }
  let bytes = 0
  try {
    const extra = route === 'v2' ? { 'docker-distribution-api-version': 'registry/2.0' } : {}
    bytes = await respond(request, response, { ...reply, headers: { ...extra, ...reply.headers } })
  } catch (error) {
    response.destroy()
    if (!gone(request, error))
      log({ level: 'error', message: 'a defect', error: error instanceof Error ? error.stack : error })
  }
  const seconds = (performance.now() - started) / 1000
  metrics.count('strake_hub_requests_total', { route, method: methodName(call), status: String(reply.status) })
  metrics.count('strake_hub_sent_bytes_total', {}, bytes)
  metrics.duration(route, seconds)
  if (route === 'health') return
  log({
    level: reply.status >= 500 ? 'warn' : 'info',
    message: 'request',
    method: request.method,
    path: call?.path,
    status: reply.status,
    ms: Math.round(seconds * 1000),
    bytes,
    client: call?.client,
    user: call?.principal.user,
    agent: request.headers['user-agent']?.slice(0, 200),
  })
}

/** What `docker search` and `podman search` ask. */
const searchPaths = ['/v1/search', '/v1/_ping']

async function dispatch(hub: Hub, call: Call): Promise<{ readonly call: Call; readonly reply: Reply }> {
  const { service } = hub
  const { path } = call
  if (path === '/healthz') return { call, reply: { status: 200, body: 'ok\n' } }
  if (path === '/readyz') return { call, reply: await ready(hub) }
  const protocol =
    searchPaths.includes(path) || path === '/v2' || path.startsWith('/v2/') || path === '/token' || path === '/metrics'
  if (!protocol) return await pages(service, call)
  const { authorization } = call.request.headers
  const who = await service.data.authenticator.authenticate(authorization, call.client, tokenService)
  if (who.kind === 'throttled') return { call, reply: throttled(who.retryAfter) }
  if (who.kind === 'refused') {
    hub.metrics.count('strake_hub_refused_logins_total')
    return { call, reply: refusal(call, who.expired === true) }
  }
  const known = { ...call, principal: who.principal }
  if (path === '/token') return { call: known, reply: await tokenEndpoint(service.data, known) }
  if (searchPaths.includes(path)) return { call: known, reply: await search(service, known) }
  if (path === '/metrics') return { call: known, reply: await metricsPage(hub, who.principal) }
  return { call: known, reply: await distribution(service, known) }
}

function refusal({ origin }: Call, bearer: boolean): Reply {
  const challenge = bearer
    ? `Bearer realm="${origin}/token",service="${tokenService}",error="invalid_token"`
    : 'Basic realm="strake hub"'
  const message = bearer ? 'the token is not valid any more' : 'incorrect username or password'
  return failure('UNAUTHORIZED', message, { headers: { 'www-authenticate': challenge } })
}

async function ready({ closing, service }: Hub): Promise<Reply> {
  if (closing) return { status: 503, body: 'stopping\n' }
  try {
    await service.data.accounts.namespace('library')
    const free = await service.data.blobs.free()
    return free === 0 ? { status: 503, body: 'no space is left\n' } : { status: 200, body: 'ok\n' }
  } catch {
    return { status: 503, body: 'the data folder can not be read\n' }
  }
}

async function metricsPage({ service, metrics }: Hub, who: Principal): Promise<Reply> {
  const { admin, user, token, grants } = who
  if (user === undefined || grants) {
    return failure('UNAUTHORIZED', undefined, { headers: { 'www-authenticate': 'Basic realm="strake hub"' } })
  }
  if (!admin || token?.repositories) return failure('DENIED', 'metrics are for administrators')
  const totals = await service.data.contents.totals()
  const memory = process.memoryUsage()
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4' },
    body: metrics.print({
      strake_hub_repositories: totals.repositories,
      strake_hub_blobs: totals.blobs,
      strake_hub_blob_bytes: totals.bytes,
      strake_hub_uploads_active: service.uploads.active,
      strake_hub_free_bytes: (await service.data.blobs.free()) ?? 0,
      process_resident_memory_bytes: memory.rss,
    }),
  }
}

/** Whether the error is the client's going away. */
function gone(request: IncomingMessage, error: unknown): boolean {
  return request.destroyed || errno(error) === 'ECONNRESET' || errno(error) === 'ERR_STREAM_PREMATURE_CLOSE'
}

function listenError(error: Error, host: string, port: number): StrakeError {
  const why = errno(error)
  if (why === 'EADDRINUSE') {
    const hint = `See who listens there with: ss -ltnp 'sport = :${port}'. Another port: --listen ${host}:${port + 1}`
    return new StrakeError('unavailable', `${host}:${port} is already in use`, { hint, cause: error })
  }
  if (why === 'EACCES') {
    return new StrakeError('denied', `port ${port} needs the rights of root`, { cause: error })
  }
  return new StrakeError('invalid', `cannot listen on ${host}:${port}: ${error.message}`, { cause: error })
}
