import { type ErrorCode, StrakeError } from '../lib/mod.ts'

/** Says what a failed system call means for a person; errors that are Strake's own pass. */
export function explain(error: unknown, doing: string): StrakeError {
  if (error instanceof StrakeError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'Free some space, or set STRAKE_ROOT to a larger disk. `strake system df` shows what is used.'
    return new StrakeError('unavailable', `${doing}: the disk is full`, { hint, cause: error })
  }
  if (code === 'ENOTSUP' || code === 'EOPNOTSUPP') {
    return new StrakeError('unsupported', `${doing}: the file system can't hold it (${message})`, { cause: error })
  }
  const known: Record<string, ErrorCode> = { EACCES: 'denied', EPERM: 'denied', ENAMETOOLONG: 'invalid' }
  return new StrakeError(known[code ?? ''] ?? 'failed', `${doing}: ${message}`, { cause: error })
}
