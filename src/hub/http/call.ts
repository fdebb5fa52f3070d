import type { IncomingMessage } from 'node:http'
import { StrakeError } from '../../lib/mod.ts'
import { anonymous, type Principal } from '../access/rights.ts'

/** A request, and what is known of it. */
export interface Call {
  readonly request: IncomingMessage
  readonly method: string
  /** Decoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** How the client names this hub: `https://hub.example.com`. */
  readonly origin: string
  /** The client's address. */
  readonly client: string
  /** Who asks, for requests of the protocol; the pages have sessions. */
  readonly principal: Principal
}

/** The whole body of a request. Throws `invalid` where it is larger, `cancelled` where it takes too long. */
export async function readBody({ request }: Call, limit: number): Promise<Buffer> {
  const tooLarge = () => new StrakeError('invalid', `the body has more than ${limit} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  const pieces: Buffer[] = []
  let size = 0
  const timer = setTimeout(() => request.destroy(new StrakeError('cancelled', 'the body took too long')), 30_000)
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      size += piece.length
      if (size > limit) throw tooLarge()
      pieces.push(piece)
    }
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(pieces)
}

/** A form's fields. */
export async function readForm(call: Call, limit = 64 * 1024): Promise<URLSearchParams> {
  return new URLSearchParams((await readBody(call, limit)).toString())
}

export interface CallOptions {
  readonly tls?: object | undefined
  /** How clients name the hub, where that is not what they write. */
  readonly url?: string | undefined
  readonly trustProxy?: boolean
}

/** Reads what the request line and headers say. Throws `invalid`. */
export function readCall(request: IncomingMessage, options: CallOptions): Call {
  const invalid = () => new StrakeError('invalid', 'invalid request')
  const target = request.url ?? ''
  if (!target.startsWith('/')) throw invalid()
  // Not by `new URL`, which would resolve `..`: no path here has any.
  const [path = '', query] = target.split('?', 2)
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    throw invalid()
  }
  if (decoded.includes('\0') || decoded.length > 4096) throw invalid()
  const { headers, socket } = request
  const forwarded = (name: string) =>
    options.trustProxy
      ? String(headers[name] ?? '')
          .split(',')
          .at(-1)!
          .trim()
      : ''
  const scheme = forwarded('x-forwarded-proto') || (options.tls ? 'https' : 'http')
  const host = /^[\w.-]+(?::\d{1,5})?$|^\[[\da-fA-F:]+\](?::\d{1,5})?$/.test(headers.host ?? '')
    ? headers.host
    : 'localhost'
  return {
    request,
    method: request.method ?? 'GET',
    path: decoded,
    query: new URLSearchParams(query ?? ''),
    origin: options.url ?? `${scheme === 'https' ? 'https' : 'http'}://${host}`,
    client: forwarded('x-forwarded-for') || socket.remoteAddress || '',
    principal: anonymous,
  }
}

/** What metrics and logs call the path. */
export function routeName(path: string): string {
  if (path === '/v2' || path.startsWith('/v2/')) return 'v2'
  if (path === '/token') return 'token'
  if (path === '/healthz' || path === '/readyz' || path === '/metrics') return 'health'
  return 'web'
}

/** The method, if it is one that is known: metrics must not have a client's words. */
export function methodName(call: Call | undefined): string {
  return call && ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(call.method) ? call.method : 'other'
}
