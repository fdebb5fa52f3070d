import { StrakeError } from '../lib/mod.ts'
import { type Answer, readBody } from './http/transport.ts'
import { parseDocument, parseLink } from './wire/mod.ts'

/** The list of texts that a page of answers has under a key. Throws `corrupt`. */
export async function readList(answer: Answer, key: string): Promise<string[]> {
  const value = parseDocument(await readBody(answer, 16 * 1024 * 1024))[key] ?? []
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new StrakeError('corrupt', `${answer.url.host} answered with no list of ${key}`)
}

/** The path of the next page. Only on the same server: a link is the server's word. */
export function nextPage({ headers, url }: Answer): string | undefined {
  const link = parseLink(String(headers.link ?? ''), 'next')
  if (link === undefined || !URL.canParse(link, url.href)) return undefined
  const next = new URL(link, url)
  return next.origin === url.origin ? `${next.pathname}${next.search}` : undefined
}
