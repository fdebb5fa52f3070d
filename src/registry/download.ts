import { StrakeError } from '../lib/mod.ts'
import type { Descriptor } from '../oci/mod.ts'
import type { Client, RegistryRequest } from './http/client.ts'
import { type Answer, Broken, bodyOf } from './http/transport.ts'
import { parseContentRange } from './wire/mod.ts'

/** How often a download is taken up again without a byte having come. */
const attempts = 5

/**
 * The bytes of a blob from a position on. A connection that breaks is made again, for what is missing only, where the server
 * can do that. Throws `corrupt` as soon as the server's answer can't be that blob; its digest is the caller's to check.
 */
export async function* fetchBlob(
  client: Client,
  request: RegistryRequest,
  { descriptor, from }: { readonly descriptor: Descriptor; readonly from: number },
): AsyncGenerator<Uint8Array> {
  const { size, digest } = descriptor
  let at = from
  for (let attempt = 1; at < size || (size === 0 && attempt === 1); attempt++) {
    const before = at
    const answer = await client.request({ ...request, ...(at > 0 && { headers: { range: `bytes=${at}-` } }) })
    let skip = startOf(answer, descriptor, at)
    try {
      for await (const chunk of bodyOf(answer)) {
        const part = chunk.subarray(Math.min(skip, chunk.length))
        skip -= chunk.length - part.length
        at += part.length
        if (at > size) throw new StrakeError('corrupt', `${client.host} sends more than the ${size} bytes of ${digest}`)
        if (part.length > 0) yield part
      }
      if (at === size) return
      if (attempt >= attempts) {
        throw new StrakeError('corrupt', `${client.host} sends ${at} bytes for ${digest} instead of ${size}`)
      }
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      if (at > before) attempt = 1
      if (attempt >= attempts)
        throw new StrakeError('unavailable', `${request.doing}: ${error.message}`, { cause: error })
    }
    await client.wait(attempt)
  }
}

/** How many bytes of the answer are known already. Throws `corrupt` where its length is not that of the blob. */
function startOf(answer: Answer, { digest, size }: Descriptor, at: number): number {
  const { status, headers, url, body } = answer
  const fail = (why: string) => {
    body.destroy()
    return new StrakeError('corrupt', `${url.host} ${why} for ${digest} of ${size} bytes`)
  }
  const length = headers['content-length']
  if (status === 206) {
    const range = parseContentRange(headers['content-range'] ?? '')
    if (!range || range.first !== at || (range.size ?? size) !== size)
      throw fail('sends another part than it was asked')
    return 0
  }
  if (length !== undefined && Number(length) !== size) throw fail(`announces ${length} bytes`)
  return at
}
