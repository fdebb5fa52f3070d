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
import { join } from 'node:path'
import { StrakeError } from '../../lib/mod.ts'
import type { Workspace } from '../execution.ts'

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source)
}

/** Fetches a URL into a directory of its own. `vertex` is told of the bytes. */
export type Download = (url: string, vertex: string) => Promise<{ readonly directory: string; readonly name: string }>

interface Known {
  readonly url: string
  readonly etag: string | undefined
  readonly modified: string | undefined
}

let count = 0

/**
 * Downloads for ADD and for contexts. A file that was fetched before is asked for with its ETag or date, and not
 * transferred again where the server says that it is the same. Mode 600 and the server's date, as Docker.
 */
export function createDownload(workspace: Workspace): Download {
  const cache = join(workspace.store.root, 'cache', 'http')
  return async (url, vertex) => {
    const name = fileName(url)
    const directory = join(workspace.scratch, `download-${++count}`)
    mkdirSync(directory)
    mkdirSync(cache, { recursive: true })
    const kept = join(cache, hash('sha256', url).slice(0, 32))
    const known = readKnown(kept, url)
    const headers: Record<string, string> = {}
    if (known?.etag) headers['if-none-match'] = known.etag
    else if (known?.modified) headers['if-modified-since'] = known.modified
    const response = await request(url, headers, workspace.signal)
    const target = join(directory, name)
    if (response.status === 304 && known) {
      linkSync(`${kept}.body`, target)
      return { directory, name }
    }
    if (!response.ok || !response.body) {
      throw new StrakeError(
        'unavailable',
        `can't download ${url}: the server answered ${response.status} ${response.statusText}`,
      )
    }
    const total = Number(response.headers.get('content-length')) || undefined
    const modified = response.headers.get('last-modified') ?? undefined
    const fd = openSync(target, 'wx', 0o600)
    const hasher = createHash('sha256')
    try {
      let current = 0
      for await (const chunk of response.body) {
        writeSync(fd, chunk)
        hasher.update(chunk)
        current += chunk.length
        const status = {
          kind: 'status',
          vertex,
          id: url,
          label: `downloading ${name}`,
          unit: 'bytes',
          current,
        } as const
        workspace.progress(total === undefined ? status : { ...status, total })
      }
      const encoded = response.headers.has('content-encoding')
      if (total !== undefined && !encoded && current !== total) {
        throw new StrakeError('unavailable', `the download of ${url} broke off after ${current} of ${total} bytes`)
      }
      const seconds = modified ? Date.parse(modified) / 1000 : 0
      futimesSync(fd, seconds || 0, seconds || 0)
    } finally {
      closeSync(fd)
    }
    keep(kept, target, { url, etag: response.headers.get('etag') ?? undefined, modified })
    return { directory, name }
  }
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
    const reason =
      (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error).message : (cause as Error).message
    throw new StrakeError('unavailable', `can't download ${url}: ${reason}`, { cause })
  }
}

function readKnown(kept: string, url: string): Known | undefined {
  try {
    const known = JSON.parse(readFileSync(`${kept}.json`, 'utf8')) as Known
    return known.url === url ? known : undefined
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

function fileName(url: string): string {
  const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '')
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new StrakeError('invalid', `cannot determine filename from url: ${url}`)
  }
  return name
}
