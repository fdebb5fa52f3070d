import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Headers, Reply } from './reply.ts'

/** Sends an answer. Resolves with the bytes of its body when all is sent; a client that goes away is no error. */
export async function respond(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<number> {
  const { status, headers = {}, body } = reply
  const withBody = request.method !== 'HEAD' && status !== 204 && status !== 304
  // What is left of a body that was refused is not read to its end.
  if (!request.complete && status >= 400) response.setHeader('connection', 'close')
  response.writeHead(status, {
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(typeof body === 'string' && { 'content-length': Buffer.byteLength(body) }),
  })
  if (body instanceof Readable && !withBody) body.destroy()
  if (!withBody || body === undefined) {
    response.end()
    return 0
  }
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body)
    return Buffer.byteLength(body)
  }
  try {
    if (body instanceof Readable) await pipeline(body, response)
    else {
      await body(response)
      response.end()
    }
  } catch {
    // Nothing can be said any more: that the answer ends too early says it.
    response.destroy()
  }
  return sentBytes(response, headers)
}

/** Of what was announced, what the socket took. */
function sentBytes({ writableFinished, destroyed }: ServerResponse, headers: Headers): number {
  return writableFinished || !destroyed ? Number(headers['content-length'] ?? 0) : 0
}
