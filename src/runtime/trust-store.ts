import { createHash, X509Certificate } from 'node:crypto'

/** Of java's own truststores: it protects nothing. */
const password = Buffer.from('changeit', 'utf16le').swap16()

/**
 * Certificates in the form in which Java reads them, "JKS": magic number, version and count; for each certificate its tag,
 * name, time, type and bytes; and a SHA-1 sum over a password, a phrase and all of that. What is no certificate is left out.
 */
export function trustStore(certificates: readonly string[]): Buffer {
  const entries = certificates.flatMap((pem, index) => {
    const der = parse(pem)
    if (!der) return []
    return [Buffer.concat([uint32(2), utf(`host-${index}`), Buffer.alloc(8), utf('X.509'), uint32(der.length), der])]
  })
  const body = Buffer.concat([uint32(0xfeedfeed), uint32(2), uint32(entries.length), ...entries])
  const sum = createHash('sha1').update(password).update('Mighty Aphrodite').update(body).digest()
  return Buffer.concat([body, sum])
}

function parse(pem: string): Buffer | undefined {
  try {
    return new X509Certificate(pem).raw
  } catch (error) {
    // An old or damaged certificate in a bundle: other programs pass over it, too.
    if (error instanceof Error) return undefined
    throw error
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function utf(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}
