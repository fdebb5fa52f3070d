/** A place in a text that a person wrote: lines and columns count from 1, `end` is exclusive. */
export interface SourceRange {
  readonly file: string
  readonly start: Position
  readonly end: Position
}

export interface Position {
  readonly line: number
  readonly column: number
}

/**
 * What kind of failure it is. The edges map these to exit codes, HTTP status and registry error codes.
 *
 * - `invalid`: the request itself is wrong (a Dockerfile, an option, a reference)
 * - `not_found`, `conflict`, `denied`: as HTTP 404, 409 and 403 mean them
 * - `unauthorized`: credentials are missing or wrong
 * - `unavailable`: something that must be reached, or must be installed, is not there now
 * - `unsupported`: this kernel, machine or version can't do it
 * - `corrupt`: stored or received bytes are not what they must be
 * - `failed`: a command that was asked for ended badly (a RUN step, a container)
 * - `cancelled`: an AbortSignal fired
 * - `internal`: a defect of Strake
 */
export type ErrorCode =
  | 'invalid'
  | 'not_found'
  | 'conflict'
  | 'denied'
  | 'unauthorized'
  | 'unavailable'
  | 'unsupported'
  | 'corrupt'
  | 'failed'
  | 'cancelled'
  | 'internal'

export interface ErrorDetails {
  /** What to do next, in one or two lines. */
  readonly hint?: string | undefined
  /** Where in a person's text the cause stands. */
  readonly range?: SourceRange | undefined
  /** The text that `range` points into. */
  readonly source?: string | undefined
  /** The exit code of the process that failed, with code `failed`. */
  readonly exitCode?: number | undefined
  readonly cause?: unknown
}

/** The one error class: everything that Strake throws on purpose. */
export class StrakeError extends Error {
  override readonly name = 'StrakeError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly range: SourceRange | undefined
  /** The text that `range` points into: whoever throws may not have it, and who passes the error on adds it. */
  source: string | undefined
  readonly exitCode: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
    this.range = details.range
    this.source = details.source
    this.exitCode = details.exitCode
  }
}

/** The name of a system error (`ENOENT`, …), or undefined for everything else. */
export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
