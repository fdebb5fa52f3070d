import { closeSync, readSync } from 'node:fs'
import { Growth, type OpenBlob } from '../layers/mod.ts'
import type { Digest } from '../oci/mod.ts'
import type { BlobInfo, Ingest, Lease, Store } from '../store/mod.ts'
import { DropBehind } from './drop-behind.ts'

const chunkSize = 256 * 1024
/** How many bytes a writer who waits is ahead of those who read. */
const mostAhead = 16 * 1024 * 1024

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'whole'; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly error: unknown }

/**
 * A blob that is being written, which others read at the same time: what comes from the network is unpacked while it
 * comes, what is compressed is sent while it is made. Nobody else sees it before it is whole and checked.
 */
export class GrowingFile implements Disposable {
  readonly #store: Store
  readonly #ingest: Ingest
  readonly #growth = new Growth()
  #state: State = { kind: 'open' }
  #changed: PromiseWithResolvers<void> | undefined
  /** Those who read it now. */
  readonly #readers = new Set<{ at: number }>()
  /** Another thread reads it. */
  #shared = false
  #behind: DropBehind | undefined
  #read: PromiseWithResolvers<void> | undefined

  constructor(store: Store, lease: Lease) {
    this.#store = store
    this.#ingest = store.content.ingest(lease)
  }

  get size(): number {
    return this.#ingest.size
  }

  /** Throws what it failed with. */
  write(chunk: Uint8Array): void {
    if (this.#state.kind === 'failed') throw this.#state.error
    this.#ingest.write(chunk)
    this.#growth.grow(this.size)
    this.#tell()
    if (this.#shared || this.#readers.size > 0) this.#dropRead()
  }

  /**
   * Waits while somebody who reads it is far behind. Where what receives the bytes runs on the same processors, it would
   * otherwise come to most of them when all is written, and have one processor then.
   */
  async keepPace(): Promise<void> {
    while (this.#readers.values().some(({ at }) => this.size - at > mostAhead)) {
      this.#read ??= Promise.withResolvers<void>()
      await this.#read.promise
    }
  }

  /** Makes it a blob. Throws as `Ingest.commit`; those who read it get the error too. */
  commit(expected: Parameters<Ingest['commit']>[0] = {}): BlobInfo {
    if (this.#state.kind === 'failed') throw this.#state.error
    try {
      const blob = this.#ingest.commit(expected)
      this.#end({ kind: 'whole', digest: blob.digest })
      this.#growth.finish()
      return blob
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /** Gives it up. With `keepAt`, what has come is moved there. */
  fail(error: unknown, keepAt?: string): void {
    if (this.#state.kind !== 'open') return
    this.#end({ kind: 'failed', error })
    this.#growth.fail()
    if (keepAt !== undefined) this.#ingest.moveTo(keepAt)
    this.#ingest[Symbol.dispose]()
  }

  /**
   * What is there from a position on, then what comes, until it is whole. A chunk is valid until the next one is asked for.
   * Throws what it failed with.
   */
  async *open(from = 0): AsyncGenerator<Uint8Array> {
    const fd = this.#reader()
    const buffer = Buffer.allocUnsafeSlow(chunkSize)
    const reader = { at: from }
    this.#readers.add(reader)
    try {
      while (true) {
        if (this.#state.kind === 'failed') throw this.#state.error
        if (reader.at < this.size) {
          const count = readSync(fd, buffer, 0, Math.min(chunkSize, this.size - reader.at), reader.at)
          reader.at += count
          yield buffer.subarray(0, count)
          this.#tellWriter()
        } else if (this.#state.kind === 'whole') return
        else {
          this.#changed ??= Promise.withResolvers<void>()
          await this.#changed.promise
        }
      }
    } finally {
      closeSync(fd)
      this.#readers.delete(reader)
      this.#tellWriter()
    }
  }

  /** For another thread to read, while it comes. */
  share(): OpenBlob {
    this.#shared = true
    return { fd: this.#reader(), growth: this.#growth }
  }

  #reader(): number {
    const state = this.#state
    return state.kind === 'whole' ? this.#store.content.reader(state.digest) : this.#ingest.reader()
  }

  /** What everybody who reads it has read, nobody wants soon. */
  #dropRead(): void {
    this.#behind ??= new DropBehind(this.#ingest.reader())
    const shared = this.#shared ? this.#growth.position : Number.POSITIVE_INFINITY
    this.#behind.read(Math.min(shared, ...this.#readers.values().map(({ at }) => at)))
  }

  #end(state: State): void {
    this.#state = state
    this.#behind?.end()
    this.#tell()
  }

  #tell(): void {
    this.#changed?.resolve()
    this.#changed = undefined
  }

  #tellWriter(): void {
    this.#read?.resolve()
    this.#read = undefined
  }

  [Symbol.dispose](): void {
    this.fail(new Error('the blob was given up'))
  }
}
