import type { ByteString } from './byte-string.ts'

const lengthSize = 2
/** So many records may be gone before an index of all of them is made. */
const nearBy = 16

/**
 * Values of one size by path, in one buffer and in the order in which they were written: for many files, in little memory.
 * Asking for paths in that order costs least. A record is the length of the path (16 bit), the value, the bytes of the path.
 */
export class PathRecords {
  readonly bytes: Buffer
  /** Of the records. */
  readonly count: number
  /** The record after the one that was found last. */
  cursor = 0
  readonly #valueSize: number
  #index: Map<ByteString, number> | undefined

  /** `bytes` are taken as far as they hold whole records. */
  constructor(bytes: Buffer, valueSize: number) {
    this.bytes = bytes
    this.#valueSize = valueSize
    let end = 0
    let count = 0
    while (end + lengthSize + valueSize <= bytes.length && this.after(end) <= bytes.length) {
      end = this.after(end)
      count++
    }
    this.bytes = bytes.subarray(0, end)
    this.count = count
  }

  /** Where the record of that path begins. */
  find(path: ByteString): number | undefined {
    const at = this.#locate(path)
    if (at !== undefined) this.cursor = this.after(at)
    return at
  }

  /** Whether the value of the record at `at` is this one, or begins with it. */
  holds(at: number, value: Uint8Array): boolean {
    const start = this.valueAt(at)
    return this.bytes.compare(value, 0, value.length, start, start + value.length) === 0
  }

  valueAt(at: number): number {
    return at + lengthSize
  }

  pathAt(at: number): ByteString {
    return this.bytes.toString('latin1', this.valueAt(at) + this.#valueSize, this.after(at))
  }

  /** Where the next record begins, or the end of all. */
  after(at: number): number {
    return this.valueAt(at) + this.#valueSize + this.bytes.readUInt16LE(at)
  }

  #locate(path: ByteString): number | undefined {
    let at = this.cursor
    for (let looked = 0; looked < nearBy && at < this.bytes.length; looked++) {
      if (this.bytes.readUInt16LE(at) === path.length && this.pathAt(at) === path) return at
      at = this.after(at)
    }
    if (!this.#index) {
      this.#index = new Map()
      for (let each = 0; each < this.bytes.length; each = this.after(each)) this.#index.set(this.pathAt(each), each)
    }
    return this.#index.get(path)
  }
}

const chunkSize = 1 << 20

/** Makes records for `PathRecords`. */
export class PathRecordsWriter {
  /** The records so far, each whole in one of these. */
  readonly chunks: Buffer[] = []
  readonly #lengths: number[] = []
  #chunk = Buffer.alloc(0)
  #used = 0

  add(path: ByteString, value: Uint8Array): void {
    const size = lengthSize + value.length + path.length
    if (this.#used + size > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkSize, size))
      this.#used = 0
      this.chunks.push(this.#chunk)
    }
    const start = this.#used
    this.#chunk.writeUInt16LE(path.length, start)
    this.#chunk.set(value, start + lengthSize)
    this.#chunk.write(path, start + lengthSize + value.length, 'latin1')
    this.#used += size
    this.chunks[this.chunks.length - 1] = this.#chunk.subarray(0, this.#used)
    this.#lengths.push(size)
  }

  /** Hands over the records so far, to be used at once, and forgets them. */
  drain(use: (chunk: Buffer) => void): void {
    for (const chunk of this.chunks.splice(0)) use(chunk)
    if (this.#used > 0) this.chunks.push(this.#chunk.subarray(0, 0))
    this.#used = 0
    this.#lengths.length = 0
  }

  *[Symbol.iterator](): Generator<Buffer> {
    let next = 0
    for (const chunk of this.chunks) {
      for (let at = 0; at < chunk.length; at += this.#lengths[next++]!) {
        yield chunk.subarray(at, at + this.#lengths[next]!)
      }
    }
  }
}
