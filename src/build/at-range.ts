import { type SourceRange, StrakeError } from '../lib/mod.ts'

/** Says of an error where in the Dockerfile its cause stands, unless it says so itself. */
export function atRange<T>(range: SourceRange | undefined, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (!range || !(error instanceof StrakeError) || error.range) throw error
    const { code, message, hint, cause } = error
    throw new StrakeError(code, message, { hint, cause, range })
  }
}
