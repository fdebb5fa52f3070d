import { createHash, type Hash, hash, randomBytes, randomUUID } from 'node:crypto'
import { StrakeError } from '../../lib/mod.ts'
import { type Digest, hex } from '../../oci/mod.ts'
import type { BlobStore, StoredUpload } from '../blobs/types.ts'
import type { Contents } from '../metadata/contents.ts'
import { namespaceOf } from '../names.ts'
import type { Repository } from '../types.ts'

/** After so many bytes it is looked again whether the namespace has room for more. */
const lookEvery = 1024 * 1024
/** Milliseconds without a byte after which an upload makes room for others of its namespace. */
const idleAfter = 60_000

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

  /**
   * Adds what a client sends, which begins at the byte `first` where it says so. What comes before a broken connection stays; what
   * passes a limit goes.
   */
  async append(
    upload: UploadName,
    source: AsyncIterable<Uint8Array>,
    { first, limits }: AppendOptions = {},
  ): Promise<Appended> {
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
        .append(name, limits ? this.#limited(source, { name, size, ...limits }) : source, (piece) => hash.update(piece))
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

  /** Passes bytes on, and fails when there are more than the limits. */
  async *#limited(
    source: AsyncIterable<Uint8Array>,
    { name, size, single, together }: Limits & { readonly name: string; readonly size: number },
  ): AsyncIterable<Uint8Array> {
    let all = size
    let unlooked = lookEvery
    for await (const piece of source) {
      all += piece.length
      unlooked += piece.length
      if (all > single.size) throw single.error
      if (together && unlooked > lookEvery) {
        unlooked = 0
        await this.#makeRoom({ upload: name, size: all }, together)
      }
      yield piece
    }
  }

  /** Lets go what nobody goes on with, the oldest first, where all uploads of a namespace have more bytes than it may have. */
  async #makeRoom(
    { upload, size }: Pick<StoredUpload, 'upload' | 'size'>,
    { size: most, error }: Limit,
  ): Promise<void> {
    let sum = size
    const idle: StoredUpload[] = []
    for await (const other of this.#blobs.uploads(upload.slice(0, upload.indexOf('-') + 1))) {
      if (other.upload === upload) continue
      sum += other.size
      if (other.writtenAt < Date.now() - idleAfter && !this.#busy.has(other.upload)) idle.push(other)
    }
    for (const other of idle.sort((a, b) => a.writtenAt - b.writtenAt)) {
      if (sum > most && (await this.#blobs.abandon(other.upload))) sum -= other.size
    }
    if (sum > most) throw error
  }

  /** What can't be finished, on a full disk or beyond a quota, makes room for what can. Throws the error. */
  async #giveUp(name: string, error: unknown): Promise<never> {
    if (error instanceof StrakeError && (error.code === 'unavailable' || error.code === 'denied'))
      await this.#blobs.abandon(name)
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

/** Those of a namespace begin the same. */
function fileName({ repository, id }: UploadName): string {
  return `${hash('sha256', namespaceOf(repository)).slice(0, 16)}-${hash('sha256', `${repository}\0${id}`).slice(0, 40)}`
}

export interface Limit {
  /** Bytes. */
  readonly size: number
  /** What more of them are refused with. */
  readonly error: StrakeError
}

export interface Limits {
  readonly single: Limit
  /** Of all unfinished uploads of the namespace. */
  readonly together: Limit | undefined
}

export interface AppendOptions {
  readonly first?: number | undefined
  readonly limits?: Limits | undefined
}
