import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Reply } from './reply.ts'

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
  if (body instanceof Readable) {
    if (!withBody) {
      body.destroy()
      response.end()
      return 0
    }
    let sent = 0
    try {
      body.on('data', (piece: Buffer) => {
        sent += piece.length
      })
      await pipeline(body, response)
    } catch {
      // Nothing can be said any more: that the answer ends too early says it.
      response.destroy()
    }
    return sent
  }
  if (withBody && body !== undefined) response.end(body)
  else response.end()
  return withBody && body !== undefined ? Buffer.byteLength(body) : 0
}
