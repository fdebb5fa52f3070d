import { createHash, type Hash, randomBytes, randomUUID } from 'node:crypto'
import { StrakeError } from '../../lib/mod.ts'
import { type Digest, hex } from '../../oci/mod.ts'
import type { BlobStore } from '../blobs/types.ts'
import type { Contents } from '../metadata/contents.ts'
import type { Repository } from '../types.ts'

/** Uploads whose hash is kept while they grow. Of others it is made again from what is stored. */
const maxRunning = 1000

export type Appended =
  | { readonly kind: 'appended'; readonly size: number }
  | { readonly kind: 'unknown' }
  /** Another request is writing to it. */
  | { readonly kind: 'busy' }
  /** The bytes would not follow those that are there. */
  | { readonly kind: 'gap'; readonly size: number }

export type Finished = { readonly kind: 'finished' } | { readonly kind: 'unknown' } | { readonly kind: 'mismatch' }

/** An upload, found through the repository that it was begun for and nowhere else. */
export interface UploadName {
  readonly repository: string
  readonly id: string
}

/** Uploads of blobs: what is received is hashed as it passes. They outlive this process. */
export class Uploads {
  readonly #blobs: BlobStore
  readonly #contents: Contents
  readonly #running = new Map<string, { readonly hash: Hash; readonly size: number }>()
  readonly #busy = new Set<string>()

  constructor({ blobs, contents }: { readonly blobs: BlobStore; readonly contents: Contents }) {
    this.#blobs = blobs
    this.#contents = contents
  }

  get active(): number {
    return this.#busy.size
  }

  async begin(repository: string): Promise<string> {
    const id = randomUUID()
    await this.#blobs.begin(fileName({ repository, id }))
    return id
  }

  /** The bytes that are there, or undefined where there is no such upload. */
  async size(upload: UploadName): Promise<number | undefined> {
    return await this.#blobs.uploaded(fileName(upload))
  }

  /** Adds what a client sends, which begins at the byte `first` where it says so. What comes before a broken connection stays. */
  async append(upload: UploadName, source: AsyncIterable<Uint8Array>, first?: number): Promise<Appended> {
    const name = fileName(upload)
    if (this.#busy.has(name)) return { kind: 'busy' }
    this.#busy.add(name)
    try {
      const size = await this.#blobs.uploaded(name)
      if (size === undefined) return { kind: 'unknown' }
      if (first !== undefined && first !== size) return { kind: 'gap', size }
      const hash = await this.#hash(name, size)
      this.#running.delete(name)
      const after = await this.#blobs
        .append(name, source, (piece) => hash.update(piece))
        .catch((error: unknown) => this.#giveUp(name, error))
      this.#remember(name, { hash, size: after })
      return { kind: 'appended', size: after }
    } finally {
      this.#busy.delete(name)
    }
  }

  /** Makes the upload a blob of the repository if its bytes are those of the digest, and forgets it otherwise. */
  async finish(upload: UploadName, repository: Repository, digest: Digest): Promise<Finished> {
    const name = fileName(upload)
    const size = await this.#blobs.uploaded(name)
    if (size === undefined || this.#busy.has(name)) return { kind: 'unknown' }
    this.#busy.add(name)
    try {
      const hash = await this.#hash(name, size)
      this.#running.delete(name)
      if (hash.digest('hex') !== hex(digest)) {
        await this.#blobs.abandon(name)
        return { kind: 'mismatch' }
      }
      // The bytes are stored before they are known, and by a name of their own: nobody sees them early or loses them late.
      const key = `${hex(digest)}-${randomBytes(4).toString('hex')}`
      await this.#blobs.finish(name, key).catch((error: unknown) => this.#giveUp(name, error))
      let kept: string | undefined
      try {
        kept = await this.#contents.addBlob(repository, { digest, size, key })
      } finally {
        if (kept !== key) await this.#blobs.remove(key)
      }
      return { kind: 'finished' }
    } finally {
      this.#busy.delete(name)
    }
  }

  async abandon(upload: UploadName): Promise<boolean> {
    const name = fileName(upload)
    this.#running.delete(name)
    return await this.#blobs.abandon(name)
  }

  /** On a full disk, what can't be finished makes room for what can. Throws the error. */
  async #giveUp(name: string, error: unknown): Promise<never> {
    if (error instanceof StrakeError && error.code === 'unavailable') await this.#blobs.abandon(name)
    throw error
  }

  /** The hash of what is there: the one that ran along, or one made from the stored bytes (after a restart). */
  async #hash(name: string, size: number): Promise<Hash> {
    const running = this.#running.get(name)
    if (running?.size === size) return running.hash
    const hash = createHash('sha256')
    if (size > 0) for await (const piece of this.#blobs.readUpload(name)) hash.update(piece as Uint8Array)
    return hash
  }

  #remember(name: string, state: { readonly hash: Hash; readonly size: number }): void {
    if (this.#running.size >= maxRunning) this.#running.delete(this.#running.keys().next().value!)
    this.#running.set(name, state)
  }
}

function fileName({ repository, id }: UploadName): string {
  return createHash('sha256').update(`${repository}\0${id}`).digest('hex').slice(0, 40)
}

export interface Limit {
  /** Bytes. */
  readonly size: number
  /** What more of them are refused with. */
  readonly error: StrakeError
}

/** Passes bytes on, and fails when there are more than the limit. */
export async function* limited(source: AsyncIterable<Uint8Array>, limit: Limit): AsyncIterable<Uint8Array> {
  let size = 0
  for await (const piece of source) {
    size += piece.length
    if (size > limit.size) throw limit.error
    yield piece
  }
}
