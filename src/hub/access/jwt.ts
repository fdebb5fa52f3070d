import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errno, makeFolder } from '../../lib/mod.ts'
import type { Scope } from '../../registry/mod.ts'

/** What a Bearer token says (distribution, "Token Authentication Implementation"). Times are seconds. */
export interface Claims {
  readonly iss: string
  readonly aud: string
  /** The user; empty for nobody. */
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly access: readonly Scope[]
  /** The access token or login that it was given for. It ends with that. */
  readonly tid?: string
  /** `passwordMark` of the password that it was given for instead. It ends when that changes. */
  readonly pwm?: string
}

const issuer = 'strake-hub'
const header = encode({ alg: 'EdDSA', typ: 'JWT' })

/** Makes and checks Bearer tokens, with a key of the data folder's own (RFC 7519, RFC 8037). */
export class TokenKey {
  readonly #private: KeyObject
  readonly #public: KeyObject

  /** Reads `FOLDER/token-key.pem`, and makes it where it is missing. */
  constructor(folder: string) {
    this.#private = createPrivateKey(readKey(folder))
    this.#public = createPublicKey(this.#private)
  }

  sign(claims: Omit<Claims, 'iss'>): string {
    const body = `${header}.${encode({ iss: issuer, ...claims })}`
    return `${body}.${sign(null, Buffer.from(body), this.#private).toString('base64url')}`
  }

  /** The claims, or undefined for a token that is not ours, not for `aud`, or over. */
  verify(token: string, aud: string): Claims | undefined {
    const [first, second, third, ...more] = token.split('.')
    // Only ever one algorithm: the header is compared, not obeyed.
    if (first !== header || second === undefined || third === undefined || more.length > 0) return undefined
    const signature = Buffer.from(third, 'base64url')
    if (!verify(null, Buffer.from(`${first}.${second}`), this.#public, signature)) return undefined
    const claims = JSON.parse(Buffer.from(second, 'base64url').toString()) as Claims
    return claims.aud === aud && claims.exp > Date.now() / 1000 ? claims : undefined
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function readKey(folder: string): string {
  const path = join(folder, 'token-key.pem')
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
  // Two processes may start at once: the key that is there first counts, and it is there wholly.
  makeFolder(folder, 0o700)
  const own = `${path}.${process.pid}`
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(own, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  try {
    linkSync(own, path)
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error
  } finally {
    rmSync(own)
  }
  return readFileSync(path, 'utf8')
}
