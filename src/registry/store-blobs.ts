import { createReadStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openStored } from '../images/mod.ts'
import type { OpenBlob } from '../layers/mod.ts'
import { errno } from '../lib/mod.ts'
import { type Descriptor, type Digest, hex } from '../oci/mod.ts'
import type { Lease, Store } from '../store/mod.ts'
import { GrowingFile } from './growing-file.ts'
import type { Blobs, Content, Pushed } from './target.ts'

/** Broken downloads that are shorter begin again. */
const worthKeeping = 1024 * 1024

/** The content of the store, held by a lease. A blob can be read while it comes. */
export class StoreBlobs implements Blobs {
  readonly name = 'the store'
  /** What this one has brought into the store. */
  readonly brought = new Set<Digest>()
  readonly #store: Store
  readonly #lease: Lease
  #failure: { readonly error: unknown } | undefined
  readonly #growing = new Map<Digest, PromiseWithResolvers<GrowingFile>>()

  constructor(store: Store, lease: Lease) {
    this.#store = store
    this.#lease = lease
  }

  async exists({ digest, size }: Descriptor): Promise<boolean> {
    return this.#store.transaction(() => {
      if (this.#store.content.info(digest)?.size !== size) return false
      this.#lease.add({ blob: digest })
      return true
    })
  }

  fetch({ digest }: Descriptor, from = 0): AsyncIterable<Uint8Array> {
    return this.#store.content.open(digest, { start: from })
  }

  /** For another thread to read; waits for a blob that has not begun to come. Whoever asks closes the file. */
  async share({ digest }: Descriptor): Promise<OpenBlob> {
    if (this.#store.content.info(digest)) return openStored(this.#store, digest)
    return (await this.#begun(digest).promise).share()
  }

  /** Nobody wants this one any more, because it is wrong: nothing of it is kept. */
  async refuse({ digest }: Descriptor, error: unknown): Promise<void> {
    ;(await this.#begun(digest).promise).fail(error)
  }

  async push({ digest, size }: Descriptor, content: Content): Promise<Pushed> {
    using file = new GrowingFile(this.#store, this.#lease)
    this.#begun(digest).resolve(file)
    try {
      const earlier = this.#takeUp(digest)
      if (earlier !== undefined) {
        for await (const chunk of createReadStream(earlier)) if (file.size < size) file.write(chunk as Buffer)
        rmSync(earlier)
      }
      for await (const chunk of content(file.size)) file.write(chunk)
    } catch (error) {
      const keep = file.size >= worthKeeping && file.size < size
      file.fail(error, keep ? this.#partial(digest) : undefined)
      throw error
    }
    file.commit({ digest, size })
    this.brought.add(digest)
    return { kind: 'pushed' }
  }

  /** Nothing more will come: nobody waits for it. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    for (const waiting of this.#growing.values()) waiting.reject(error)
  }

  #begun(digest: Digest): PromiseWithResolvers<GrowingFile> {
    let waiting = this.#growing.get(digest)
    if (!waiting) {
      waiting = Promise.withResolvers<GrowingFile>()
      waiting.promise.catch(() => {})
      if (this.#failure) waiting.reject(this.#failure.error)
      this.#growing.set(digest, waiting)
    }
    return waiting
  }

  /** What an earlier try left of the blob, now ours: whoever moves the file away has it. */
  #takeUp(digest: Digest): string | undefined {
    const mine = `${this.#partial(digest)}.${process.pid}`
    try {
      renameSync(this.#partial(digest), mine)
      return mine
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    }
  }

  #partial(digest: Digest): string {
    const directory = join(this.#store.root, 'cache/downloads')
    mkdirSync(directory, { recursive: true })
    return join(directory, hex(digest))
  }
}
