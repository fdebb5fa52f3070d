/** A stretch of bytes: the first and the last one, both within. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * What a `Range` header asks of `size` bytes: one stretch, cut at the end. Undefined where the header is to be ignored (no
 * bytes, several stretches), `unsatisfiable` where nothing of it is there (RFC 9110, 14.2).
 */
export function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/.exec(header) ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'unsatisfiable' : { first: size - count, last: size - 1 }
  }
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= size) return 'unsatisfiable'
  return { first: Number(first), last: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/** The `Content-Range` of an answer: `bytes 5-9/20`, or `bytes 5-9/*` where the size is not known. */
export function parseContentRange(header: string): (ByteRange & { readonly size: number | undefined }) | undefined {
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header) ?? []
  if (first === undefined || Number(last) < Number(first)) return undefined
  return { first: Number(first), last: Number(last), size: size === '*' ? undefined : Number(size) }
}

export function printContentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`
}

/**
 * The form that uploads have, in the `Content-Range` of a chunk and in the `Range` of its answer: `0-99`
 * (distribution-spec, "Pushing a blob in chunks"). Some servers write `bytes=0-99`.
 */
export function parseUploadRange(header: string): ByteRange | undefined {
  const [, first, last] = /^(?:bytes[= ])?(\d{1,15})-(\d{1,15})$/.exec(header) ?? []
  if (first === undefined || Number(last) < Number(first)) return undefined
  return { first: Number(first), last: Number(last) }
}

/** `0-99`. What has no bytes yet is written `0-0`, as docker's registry does, and reads as one byte: ask only when there are some. */
export function printUploadRange({ first, last }: ByteRange): string {
  return `${first}-${Math.max(first, last)}`
}

/** The target of the link with that relation in a `Link` header (RFC 8288). */
export function parseLink(header: string, relation: string): string | undefined {
  for (const [, target, rest] of header.matchAll(
    /<([^<>]*)>((?:[ \t]*;[ \t]*[^<>,;"=]+(?:=(?:"[^"]*"|[^<>,;"]*))?)*)/g,
  )) {
    const rel = /;[ \t]*rel=(?:"([^"]*)"|([^";, \t]*))/i.exec(rest ?? '')
    if ((rel?.[1] ?? rel?.[2] ?? '').split(/[ \t]+/).includes(relation)) return target
  }
  return undefined
}

export function printLink(target: string, relation: string): string {
  return `<${target}>; rel="${relation}"`
}

/** Milliseconds that a `Retry-After` header asks to wait: seconds, or a date. Undefined for what is neither. */
export function parseRetryAfter(header: string, now: number = Date.now()): number | undefined {
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
