import type { Readable, Writable } from 'node:stream'
import { StrakeError } from '../../lib/mod.ts'
import { errorBody, errorCodes, type RegistryErrorCode } from '../../registry/mod.ts'

export type Headers = Readonly<Record<string, string | number>>

/** An answer. A body may be a stream, which is closed by whoever sends it, or what writes to one. */
export interface Reply {
  readonly status: number
  readonly headers?: Headers
  readonly body?: string | Uint8Array | Readable | ((to: Writable) => Promise<void>)
}

export interface FailureDetails {
  readonly detail?: unknown
  readonly headers?: Headers
  /** Where it is not the code's own. */
  readonly status?: number
}

/** An error as the distribution protocol tells it. */
export function failure(code: RegistryErrorCode, message?: string, details: FailureDetails = {}): Reply {
  const { detail, headers, status = errorCodes[code].status } = details
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: errorBody(code, message, detail),
  }
}

export function json(value: unknown, headers: Headers = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

const codes: Partial<Record<StrakeError['code'], RegistryErrorCode>> = {
  denied: 'DENIED',
  unauthorized: 'UNAUTHORIZED',
  not_found: 'NAME_UNKNOWN',
  conflict: 'DENIED',
  corrupt: 'MANIFEST_INVALID',
  invalid: 'MANIFEST_INVALID',
  unsupported: 'UNSUPPORTED',
}

/** The answer to what was thrown on purpose. Other errors are defects: undefined. */
export function failureOf(error: unknown): Reply | undefined {
  if (!(error instanceof StrakeError)) return undefined
  // 507 is what it is, and what clients try again later.
  if (error.code === 'unavailable') return failure('UNAVAILABLE', error.message, { status: 507 })
  const code = codes[error.code]
  return code && failure(code, error.hint === undefined ? error.message : `${error.message}. ${error.hint}`)
}
