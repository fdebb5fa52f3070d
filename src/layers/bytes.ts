import { type ErrorCode, StrakeError } from '../lib/mod.ts'
import type { ByteString } from './types.ts'

/** A path of this machine as bytes, one character each. */
export function byteString(path: string): ByteString {
  return isAscii(path) ? path : Buffer.from(path).toString('latin1')
}

/** What system calls take: the bytes themselves, or the string where that is the same. */
export function pathOf(name: ByteString): string | Buffer {
  return isAscii(name) ? name : Buffer.from(name, 'latin1')
}

/** As a person reads it. */
export function shown(name: ByteString): string {
  return isAscii(name) ? name : Buffer.from(name, 'latin1').toString()
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

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
