import { createHash, hash } from 'node:crypto'
import {
  closeSync,
  futimesSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join, posix } from 'node:path'
import { withoutCredentials } from '../../attest/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { type Digest, isDigest } from '../../oci/mod.ts'
import { keyOf } from '../cache.ts'
import type { Workspace } from '../execution.ts'
import type { Fetched, HttpOptions, RemoteSource } from './remote.ts'

/** A file that was fetched before: what the server said of it, and its hash. */
interface Known {
  readonly url: string
  readonly etag: string | undefined
  readonly modified: string | undefined
  readonly digest: Digest
}

let count = 0

/**
 * A file behind a URL. One that was fetched before is asked for with its ETag or date, and not transferred again where
 * the server says that it is the same; with a checksum that it has, the server is not asked at all. Mode 600 and the
 * server's date (else 1970), as Docker.
 */
export function httpSource(workspace: Workspace, url: string, options: HttpOptions): RemoteSource {
  const { checksum } = options
  const name = options.filename ?? fileName(url)
  if (checksum !== undefined) checkChecksum(checksum)
  const note = (digest: string) => {
    const [algorithm = '', digits = ''] = digest.split(':')
    workspace.materials.push({ uri: withoutCredentials(url), digest: { [algorithm]: digits } })
  }
  let fetched: Promise<Fetched & Pick<Known, 'digest' | 'modified'>> | undefined
  const fetch = () => {
    fetched ??= download(workspace, url, { ...options, name }).then((found) => {
      note(found.digest)
      return found
    })
    return fetched
  }
  return {
    async key() {
      if (checksum !== undefined) {
        note(checksum)
        return keyOf('http', name, checksum)
      }
      const { digest, modified } = await fetch()
      return keyOf('http', name, digest, modified)
    },
    fetch,
  }
}

const lengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 }

/** In the words of Go's digest package. */
function checkChecksum(checksum: string): void {
  const [, algorithm = '', digits = ''] = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):([\w=-]+)$/.exec(checksum) ?? []
  const length = Object.hasOwn(lengths, algorithm) ? lengths[algorithm] : undefined
  if (length === digits.length && /^[0-9a-f]+$/.test(digits)) return
  const message =
    algorithm === ''
      ? 'invalid checksum digest format'
      : length === undefined
        ? 'unsupported digest algorithm'
        : length === digits.length
          ? 'invalid checksum digest format'
          : 'invalid checksum digest length'
  throw new StrakeError('invalid', `${message}: ${checksum}`, {
    hint: 'Write sha256: and the 64 hexadecimal digits that "sha256sum FILE" tells; sha384 and sha512 serve too.',
  })
}

async function download(
  workspace: Workspace,
  url: string,
  { vertex, checksum, name }: HttpOptions & { readonly name: string },
): Promise<Fetched & Pick<Known, 'digest' | 'modified'>> {
  const directory = join(workspace.scratch, `download-${++count}`)
  mkdirSync(directory)
  const target = join(directory, name)
  const kept = keptAt(workspace, url)
  const known = readKnown(kept, url)
  const again = (same: Known) => {
    linkSync(`${kept}.body`, target)
    return { directory, file: name, digest: same.digest, modified: same.modified }
  }
  if (known && checksum === known.digest) return again(known)
  const headers: Record<string, string> = {}
  if (known?.etag) headers['if-none-match'] = known.etag
  else if (known?.modified) headers['if-modified-since'] = known.modified
  const response = await request(url, headers, workspace.signal)
  if (response.status === 304 && known) {
    const found = again(known)
    if (checksum !== undefined) verify(url, checksum, hashFile(target, checksum))
    return found
  }
  if (!response.ok || !response.body) {
    throw new StrakeError(
      'unavailable',
      `can't download ${url}: the server answered ${response.status} ${response.statusText}`,
    )
  }
  const modified = response.headers.get('last-modified') ?? undefined
  const digest = await receive(workspace, response, { url, target, vertex, checksum })
  keep(kept, target, { url, etag: response.headers.get('etag') ?? undefined, modified, digest })
  return { directory, file: name, digest, modified }
}

async function receive(
  { progress }: Workspace,
  response: Response,
  { url, target, vertex, checksum }: { url: string; target: string; vertex: string; checksum: string | undefined },
): Promise<Digest> {
  const total = Number(response.headers.get('content-length')) || undefined
  const sha256 = createHash('sha256')
  const other = checksum && !checksum.startsWith('sha256:') ? createHash(algorithmOf(checksum)) : undefined
  const fd = openSync(target, 'wx', 0o600)
  try {
    let current = 0
    for await (const chunk of chunksOf(response, url)) {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
      sha256.update(chunk)
      other?.update(chunk)
      current += chunk.length
      const label = `downloading ${url}`
      const status = { kind: 'status', vertex, id: url, label, unit: 'bytes', current } as const
      progress(total === undefined ? status : { ...status, total })
    }
    const encoded = response.headers.has('content-encoding')
    if (total !== undefined && !encoded && current !== total) {
      throw new StrakeError('unavailable', `the download of ${url} broke off after ${current} of ${total} bytes`)
    }
    const seconds = Date.parse(response.headers.get('last-modified') ?? '') / 1000
    futimesSync(fd, seconds || 0, seconds || 0)
  } finally {
    closeSync(fd)
  }
  const digest = `sha256:${sha256.digest('hex')}` as Digest
  if (checksum !== undefined) {
    verify(url, checksum, other ? `${algorithmOf(checksum)}:${other.digest('hex')}` : digest)
  }
  return digest
}

async function* chunksOf({ body }: Response, url: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body!
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError')
      throw new StrakeError('cancelled', 'cancelled', { cause })
    throw new StrakeError('unavailable', `the download of ${url} broke off: ${reasonOf(cause)}`, { cause })
  }
}

const algorithmOf = (checksum: string) => checksum.slice(0, checksum.indexOf(':'))

function hashFile(path: string, checksum: string): string {
  const algorithm = algorithmOf(checksum)
  return `${algorithm}:${hash(algorithm, readFileSync(path), 'hex')}`
}

function verify(url: string, wanted: string, found: string): void {
  if (wanted === found) return
  throw new StrakeError('corrupt', `digest mismatch ${found}: ${wanted}`, {
    hint: `${url} holds something else than --checksum says. If it may have changed, look at it, and write its new checksum.`,
  })
}

async function request(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: signal ?? null })
  } catch (cause) {
    if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled', { cause })
    throw new StrakeError('unavailable', `can't download ${url}: ${reasonOf(cause)}`, { cause })
  }
}

/** Why fetch failed stands in the cause of what it throws. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

function keptAt({ store }: Workspace, url: string): string {
  const cache = join(store.root, 'cache', 'http')
  mkdirSync(cache, { recursive: true })
  return join(cache, hash('sha256', url).slice(0, 32))
}

function readKnown(kept: string, url: string): Known | undefined {
  try {
    const known = JSON.parse(readFileSync(`${kept}.json`, 'utf8')) as Known
    return known.url === url && isDigest(known.digest) ? known : undefined
  } catch {
    return undefined
  }
}

/** Without an ETag or a date there is nothing to ask with, and no reason to keep the file. */
function keep(kept: string, file: string, known: Known): void {
  if (!known.etag && !known.modified) return
  const temporary = `${kept}.${process.pid}`
  rmSync(temporary, { force: true })
  linkSync(file, temporary)
  rmSync(`${kept}.json`, { force: true })
  renameSync(temporary, `${kept}.body`)
  writeFileSync(temporary, JSON.stringify(known))
  renameSync(temporary, `${kept}.json`)
}

/** As BuildKit: the last component of the path, or `__unnamed__` where there is none. */
function fileName(url: string): string {
  const name = decoded(url)
  if (name === '') return '__unnamed__'
  if (name === '.' || name === '..' || name.includes('\0')) {
    throw new StrakeError('invalid', `cannot determine filename from url: ${url}`)
  }
  return name
}

function decoded(url: string): string {
  try {
    return posix.basename(decodeURIComponent(new URL(url).pathname))
  } catch {
    throw new StrakeError('invalid', `invalid URL: ${url}`)
  }
}
