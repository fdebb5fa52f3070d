import { readSync } from 'node:fs'
import { StrakeError } from '../lib/mod.ts'

/** Places in the shared memory. */
const size = 0
const state = 1
const position = 2

const states = { growing: 0n, whole: 1n, failed: 2n } as const

const chunkSize = 256 * 1024

/**
 * How far something is that one thread makes while others need it already: a blob that comes and is unpacked meanwhile, a
 * layer's directory. It lies in memory that threads share: `shared` goes to another thread, which makes its own `Growth` of it.
 */
export class Growth {
  readonly shared: SharedArrayBuffer
  readonly #numbers: BigInt64Array
  /** Counts what has happened: whoever waits, waits for that to change. */
  readonly #turn: Int32Array

  constructor(shared = new SharedArrayBuffer(32)) {
    this.shared = shared
    this.#numbers = new BigInt64Array(shared, 0, 3)
    this.#turn = new Int32Array(shared, 24, 1)
  }

  /** Of a file that is whole already. */
  static of(bytes: number): Growth {
    const growth = new Growth()
    growth.grow(bytes)
    growth.finish()
    return growth
  }

  /** There are so many bytes now. */
  grow(bytes: number): void {
    Atomics.store(this.#numbers, size, BigInt(bytes))
    this.#tell()
  }

  /** It is whole. */
  finish(): void {
    Atomics.compareExchange(this.#numbers, state, states.growing, states.whole)
    this.#tell()
  }

  /** It will never be whole, or is not wanted any more: whoever needs it gives up. */
  fail(): void {
    Atomics.store(this.#numbers, state, states.failed)
    this.#tell()
  }

  /** How many bytes have been read. */
  get position(): number {
    return Number(Atomics.load(this.#numbers, position))
  }

  /** What is in the file, and what comes, until it is whole. A chunk is valid until the next one is asked for. Throws `cancelled` after `fail`. */
  async *read(fd: number): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(chunkSize)
    for (let at = 0; ; ) {
      const turn = Atomics.load(this.#turn, 0)
      const done = this.#isWhole()
      const left = Number(Atomics.load(this.#numbers, size)) - at
      if (left > 0) {
        const count = readSync(fd, buffer, 0, Math.min(left, chunkSize), at)
        if (count === 0) throw new StrakeError('corrupt', 'the file was cut while it was read')
        at += count
        Atomics.store(this.#numbers, position, BigInt(at))
        yield buffer.subarray(0, count)
      } else if (done) return
      else await Atomics.waitAsync(this.#turn, 0, turn).value
    }
  }

  /** Blocks this thread until it is whole. Throws `cancelled` after `fail`. */
  wait(): void {
    for (;;) {
      const turn = Atomics.load(this.#turn, 0)
      if (this.#isWhole()) return
      Atomics.wait(this.#turn, 0, turn)
    }
  }

  #isWhole(): boolean {
    const now = Atomics.load(this.#numbers, state)
    if (now === states.failed) throw new StrakeError('cancelled', 'cancelled')
    return now === states.whole
  }

  #tell(): void {
    Atomics.add(this.#turn, 0, 1)
    Atomics.notify(this.#turn, 0)
  }
}
