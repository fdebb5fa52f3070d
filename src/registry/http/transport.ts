import {
  type ClientRequest,
  type ClientRequestArgs,
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { getCACertificates } from 'node:tls'
import { errno, StrakeError, version } from '../../lib/mod.ts'

/** How a host is to be spoken to. */
export interface TransportOptions {
  /** PEM, beside the system's. */
  readonly ca?: readonly string[] | undefined
  /** Client certificates. */
  readonly identities?: readonly { readonly cert: string; readonly key: string }[] | undefined
  /** Take any certificate. */
  readonly anyCertificate?: boolean | undefined
  /** `HTTPS_PROXY` and its like. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Milliseconds without a byte after which a connection counts as broken. */
  readonly idleTimeout?: number | undefined
}

export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly url: URL
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage
}

/** Connections to one host, kept open between requests. */
export interface Transport extends Disposable {
  /** One request and its answer, whatever that is; redirects are not followed. Throws `Broken`, or `cancelled`. */
  send(request: HttpRequest): Promise<Answer>
}

/** A connection that can't be made, or breaks. */
export class Broken extends Error {
  override readonly name = 'Broken'
  /** The server can't be reached at all: neither its name nor its port. */
  readonly unreachable: boolean
  /** What spoke at the other end was not TLS. */
  readonly notTls: boolean
  /** Our certificate or theirs is not what the other side wants. */
  readonly certificate: 'ours' | 'theirs' | undefined

  constructor(cause: unknown) {
    super(reason(cause), { cause })
    const code = errno(cause) ?? ''
    this.unreachable = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(code)
    this.notTls = code === 'EPROTO' || /wrong version number|packet length too long/i.test(this.message)
    this.certificate = /ALERT.*CERT|ALERT_UNKNOWN_CA/.test(code)
      ? 'ours'
      : /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code)
        ? 'theirs'
        : undefined
  }
}

const patience = 60_000
const proxyVariables = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']

export function openTransport(options: TransportOptions = {}): Transport {
  const { idleTimeout = patience, env = process.env } = options
  const agents = new Map<string, PlainAgent>()
  const agentOf = (url: URL) => {
    const key = `${url.protocol} ${isLoopback(url.hostname)}`
    let agent = agents.get(key)
    if (!agent) {
      // A proxy has another loopback: what is here is asked directly, as Go's programs do.
      const proxied = !isLoopback(url.hostname) && proxyVariables.some((name) => env[name])
      const common = { keepAlive: true, ...(proxied && { proxyEnv: env }) }
      agent = url.protocol === 'https:' ? new TlsAgent({ ...common, ...tlsOptions(options) }) : new PlainAgent(common)
      if (!proxied) readIntoOneBuffer(agent)
      agents.set(key, agent)
    }
    return agent
  }
  return {
    send: ({ method, url, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(cancelled(signal))
        const send = url.protocol === 'https:' ? tlsRequest : plainRequest
        const length = body instanceof Uint8Array ? { 'content-length': String(body.length) } : {}
        const request = send(url, {
          method,
          agent: agentOf(url),
          headers: { 'user-agent': `strake/${version}`, ...length, ...headers },
          timeout: idleTimeout,
        })
        const abort = () => request.destroy(cancelled(signal!))
        signal?.addEventListener('abort', abort, { once: true })
        const fail = (error: unknown) => {
          signal?.removeEventListener('abort', abort)
          request.destroy()
          reject(error instanceof StrakeError ? error : new Broken(error))
        }
        request.on('timeout', () => request.destroy(timedOut(idleTimeout)))
        request.on('error', fail)
        request.on('response', (answer) => {
          answer.once('close', () => signal?.removeEventListener('abort', abort))
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, url, body: answer })
        })
        if (body === undefined || body instanceof Uint8Array) return void request.end(body)
        sendBody(request, body).catch((error) => {
          // That of whoever makes the body: no fault of the connection.
          reject(error)
          request.destroy()
        })
      }),
    [Symbol.dispose]: () => {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

let readBuffer: Buffer | undefined

/**
 * Has sockets read into one buffer. Otherwise Node.js allocates another one for each 64 KiB, of which its HTTP parser makes a copy
 * all the same.
 */
function readIntoOneBuffer(agent: PlainAgent): void {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    readBuffer ??= Buffer.allocUnsafeSlow(256 * 1024)
    const onread = {
      buffer: readBuffer,
      callback(length: number, buffer: Uint8Array) {
        socket!.emit('data', buffer.subarray(0, length))
        return true
      },
    }
    // Goes on to `net.connect`.
    const socket = connect({ ...options, onread } as ClientRequestArgs, callback)
    return socket
  }
}

/** Each chunk is sent before the next one is asked for. When an answer has come, nobody needs the rest. */
async function sendBody(request: ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  let answered = false
  let wake = () => {}
  request.once('close', () => wake())
  request.once('response', (answer) =>
    answer.once('end', () => {
      answered = true
      wake()
    }),
  )
  for await (const chunk of body) {
    if (!request.destroyed && !answered) {
      await new Promise<void>((resolve) => {
        wake = resolve
        request.write(chunk, () => resolve())
      })
    }
    if (answered) request.destroy()
    if (request.destroyed) return
  }
  request.end()
}

function tlsOptions({ ca = [], identities = [], anyCertificate }: TransportOptions) {
  return {
    // Reading the system's takes 30 ms.
    ...(!anyCertificate && {
      ca: [...new Set([...getCACertificates('system'), ...getCACertificates('default'), ...ca])],
    }),
    ...(identities.length > 0 && { cert: identities.map(({ cert }) => cert), key: identities.map(({ key }) => key) }),
    ...(anyCertificate && { rejectUnauthorized: false }),
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** The body of an answer, as it comes. Throws `Broken` where it breaks off. */
export async function* bodyOf({ body }: Answer): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk as Buffer
    if (!body.complete) throw new Broken(new Error('the connection was closed in the middle of the answer'))
  } catch (error) {
    if (error instanceof StrakeError || error instanceof Broken) throw error
    throw new Broken(error)
  } finally {
    body.destroy()
  }
}

/** The whole of a small body. Throws `corrupt` for one of more than `most` bytes, and `Broken`. */
export async function readBody(answer: Answer, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const tooLarge = () =>
    new StrakeError('corrupt', `the answer of ${answer.url.host} is larger than the ${most} bytes that it may have`)
  if (Number(answer.headers['content-length'] ?? 0) > most) {
    answer.body.destroy()
    throw tooLarge()
  }
  for await (const chunk of bodyOf(answer)) {
    size += chunk.length
    if (size > most) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Reads what is left, so that the connection can serve the next request; a long rest is not worth it. */
export async function dropBody(answer: Answer): Promise<void> {
  try {
    await readBody(answer, 64 * 1024)
  } catch (error) {
    if (!(error instanceof Broken || error instanceof StrakeError)) throw error
  }
}

export function cancelled(signal: AbortSignal): StrakeError {
  return new StrakeError('cancelled', 'cancelled', { cause: signal.reason })
}

function timedOut(milliseconds: number): Error {
  return Object.assign(new Error(`no answer for ${Math.ceil(milliseconds / 1000)} s`), { code: 'ETIMEDOUT' })
}

function reason(cause: unknown): string {
  // Several addresses of a name were tried.
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0])
  return cause instanceof Error ? cause.message : String(cause)
}
