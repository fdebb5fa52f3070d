import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { applyChanges } from '../build/mod.ts'
import { type Image, importImage as make } from '../images/mod.ts'
import { errno, type OperationOptions, StrakeError } from '../lib/mod.ts'
import type { ContainerConfig, Platform } from '../oci/mod.ts'
import { checkFile } from './check-file.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

export interface ImportImageOptions extends OperationOptions {
  /** The tar of a root file system: its bytes, a path, or a URL (http, https). */
  readonly source: AsyncIterable<Uint8Array> | string
  readonly tag?: string | undefined
  /** Dockerfile instructions for the configuration: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, … */
  readonly changes?: readonly string[] | undefined
  readonly message?: string | undefined
  readonly platform?: Platform | undefined
}

/** Makes an image of one layer from a root file system. Throws `invalid`, `not_found`, `unavailable`, `corrupt`. */
export async function importImage(engine: Engine, options: ImportImageOptions): Promise<Image> {
  requireRoot('importing an image')
  const { source, tag, message } = options
  const config: ContainerConfig = applyChanges({}, options.changes ?? [])
  return make(engine.store, engine.images, typeof source === 'string' ? await open(source, options.signal) : source, {
    ...options,
    config,
    tags: tag === undefined ? [] : [tag],
    message: message ?? `Imported from ${typeof source === 'string' ? source : '-'}`,
  })
}

async function open(source: string, signal: AbortSignal | undefined): Promise<AsyncIterable<Uint8Array>> {
  if (!/^https?:\/\//.test(source)) return createReadStream(checkFile(source))
  const fail = (why: string, cause?: unknown) =>
    new StrakeError('unavailable', `cannot fetch ${source}: ${why}`, { cause })
  try {
    const response = await fetch(source, { signal: signal ?? null })
    if (!response.ok || !response.body) throw fail(`the server answered ${response.status} ${response.statusText}`)
    return Readable.fromWeb(response.body)
  } catch (error) {
    if (error instanceof StrakeError || signal?.aborted) throw error
    const { cause } = error as Error
    throw fail(errno(cause) ?? (error as Error).message, error)
  }
}
