/**
 * Error codes (distribution-spec, "Error Codes"; the last ones are docker's registry's), each with its HTTP status and the
 * message that is sent where nothing better is known.
 */
export const errorCodes = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  BLOB_UPLOAD_INVALID: { status: 416, message: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  MANIFEST_BLOB_UNKNOWN: { status: 400, message: 'manifest references a manifest or blob unknown to registry' },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  SIZE_INVALID: { status: 400, message: 'provided length did not match content length' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  TAG_INVALID: { status: 400, message: 'manifest tag did not match URI' },
  RANGE_INVALID: { status: 416, message: 'invalid content range' },
  PAGINATION_NUMBER_INVALID: { status: 400, message: 'invalid number of results requested' },
  UNAVAILABLE: { status: 503, message: 'service unavailable' },
  UNKNOWN: { status: 500, message: 'unknown error' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>

export type RegistryErrorCode = keyof typeof errorCodes

/** One of the `errors` of an answer. */
export interface RegistryError {
  readonly code: string
  readonly message: string
  readonly detail?: unknown
}

/** The body of an answer that tells one error. `message` is the code's own where it is left out. */
export function errorBody(
  code: RegistryErrorCode,
  message: string = errorCodes[code].message,
  detail?: unknown,
): string {
  return JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] })
}

/**
 * The errors that a body tells, as far as it is one: somebody's proxy may have answered instead. Texts are cut to a
 * length that can be shown. Token servers that answer `{"details": …}` or as OAuth2 does are read too.
 */
export function readErrors(body: string): RegistryError[] {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return []
  }
  if (typeof value !== 'object' || value === null) return []
  const { errors, error, error_description: description, details, message } = value as Record<string, unknown>
  if (Array.isArray(errors)) return errors.slice(0, 10).flatMap(readError)
  const told = [description, details, message].find((text) => typeof text === 'string' && text !== '')
  if (told === undefined && typeof error !== 'string') return []
  return [{ code: typeof error === 'string' ? cut(error) : 'UNKNOWN', message: cut(String(told ?? error)) }]
}

function readError(item: unknown): RegistryError[] {
  if (typeof item !== 'object' || item === null) return []
  const { code, message, detail } = item as Record<string, unknown>
  if (typeof code !== 'string') return []
  const text = typeof message === 'string' && message !== '' ? message : (known(code)?.message ?? code.toLowerCase())
  return [{ code: cut(code), message: cut(text), ...(detail !== undefined && { detail }) }]
}

function known(code: string): { readonly message: string } | undefined {
  return Object.hasOwn(errorCodes, code) ? errorCodes[code as RegistryErrorCode] : undefined
}

function cut(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}…` : text
}
