import { type ErrorCode, StrakeError } from '../../lib/mod.ts'
import { errorCodes, readErrors } from '../wire/mod.ts'
import { type Answer, Broken, readBody } from './transport.ts'

/** What a server says of its limits in the headers of an answer (`RateLimit-Remaining: 76;w=21600`). */
export interface RateLimit {
  readonly limit: number
  readonly remaining: number
  /** Seconds for which the limit counts. */
  readonly window: number | undefined
}

export function rateLimit({ headers }: Pick<Answer, 'headers'>): RateLimit | undefined {
  const read = (name: string) => /^(\d{1,12})(?:\s*;.*?\bw=(\d{1,9}))?/.exec(String(headers[name] ?? ''))
  const [limit, remaining] = [read('ratelimit-limit'), read('ratelimit-remaining')]
  if (!limit || !remaining) return undefined
  const window = remaining[2] ?? limit[2]
  return {
    limit: Number(limit[1]),
    remaining: Number(remaining[1]),
    window: window === undefined ? undefined : Number(window),
  }
}

/** `76 of 100 requests left in 6 h`. */
export function rateLimitText({ limit, remaining, window }: RateLimit): string {
  const hours = window === undefined ? '' : window >= 3600 ? ` in ${Math.round(window / 3600)} h` : ` in ${window} s`
  return `${remaining} of ${limit} requests left${hours}`
}

/** The error that an answer with a status of 400 and more stands for. Reads the answer. */
export async function failureOf(answer: Answer, doing: string): Promise<StrakeError> {
  const { status, url } = answer
  const told = readErrors(await bodyText(answer))
  const limit = rateLimit(answer)
  const text = told.map(({ code, message }) => `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`).join('; ')
  // The answer to a HEAD has no body that could tell it.
  const why =
    text ||
    (status === 401
      ? `unauthorized: ${errorCodes.UNAUTHORIZED.message}`
      : `${url.host} answered ${status}${answer.body.statusMessage ? ` ${answer.body.statusMessage}` : ''}`)
  return new StrakeError(codeOf(status), `${doing}: ${why}`, {
    hint:
      status === 429
        ? `The registry limits requests${limit ? ` (${rateLimitText(limit)})` : ''}: wait, or log in with: strake login ${url.host}`
        : status === 413 && told.length === 0
          ? 'A proxy before the registry does not let uploads of this size pass: its limit must be raised.'
          : undefined,
  })
}

async function bodyText(answer: Answer): Promise<string> {
  try {
    return (await readBody(answer, 256 * 1024)).toString()
  } catch (error) {
    if (error instanceof StrakeError || error instanceof Broken) return ''
    throw error
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'denied'
  if (status === 404) return 'not_found'
  if (status === 409) return 'conflict'
  if (status === 405 || status === 501) return 'unsupported'
  if (status === 408 || status === 429 || status >= 500) return 'unavailable'
  return 'invalid'
}
