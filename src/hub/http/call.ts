import type { IncomingMessage } from 'node:http'
import { StrakeError } from '../../lib/mod.ts'
import type { Principal } from '../access/rights.ts'

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
