import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { errno, StrakeError } from '../lib/mod.ts'

export interface Certificate {
  /** PEM texts. */
  readonly cert: string
  readonly key: string
  /** The file that clients are to trust. */
  readonly file: string
}

/** Reads a certificate (with those above it) and its key. Throws `invalid`. */
export function readCertificate(cert: string, key: string): Certificate {
  return { cert: read(cert), key: read(key), file: cert }
}

/**
 * The certificate that the hub makes for itself: `FOLDER/tls-cert.pem`, for this machine's names, made by openssl the first
 * time.
 */
export async function selfSigned(folder: string): Promise<Certificate> {
  const cert = join(folder, 'tls-cert.pem')
  const key = join(folder, 'tls-key.pem')
  try {
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), file: cert }
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
  const names = [`DNS:${hostname()}`, 'DNS:localhost', 'IP:127.0.0.1', 'IP:::1'].join(',')
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-noenc',
    '-days',
    '825',
  ]
  const what = ['-subj', `/CN=${hostname()}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert]
  try {
    await promisify(execFile)('openssl', [...request, ...what])
  } catch (cause) {
    const missing = errno(cause) === 'ENOENT'
    throw new StrakeError(
      'unavailable',
      missing ? 'openssl is not installed' : 'openssl could not make a certificate',
      {
        hint: missing ? 'Install it, or name a certificate with --tls-cert and --tls-key' : undefined,
        cause,
      },
    )
  }
  return readCertificate(cert, key)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (errno(cause) === undefined) throw cause
    throw new StrakeError('invalid', `can't read ${path}: ${(cause as Error).message}`, { cause })
  }
}
