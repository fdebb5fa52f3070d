import { closeSync } from 'node:fs'
import { sys } from '../host/mod.ts'

const step = 8 * 1024 * 1024

/**
 * For a large file that is read once, in order: keeps what has been read from filling the kernel's page cache. There it would
 * push out what is wanted more; and virtual machines have to ask for each page that they have given back.
 */
export class DropBehind {
  readonly #fd: number
  #next = step
  #state: 'idle' | 'dropping' | 'ended' = 'idle'

  /** The descriptor is closed at the end. */
  constructor(fd: number) {
    this.#fd = fd
  }

  /** It has been read so far. A disk that is busy waits in another thread, and what is read meanwhile follows with the next step. */
  read(position: number): void {
    if (position < this.#next || this.#state !== 'idle') return
    this.#state = 'dropping'
    this.#next = position + step
    sys.dropPages(this.#fd, position, () => {
      if (this.#state === 'ended') closeSync(this.#fd)
      else this.#state = 'idle'
    })
  }

  end(): void {
    if (this.#state === 'idle') closeSync(this.#fd)
    this.#state = 'ended'
  }
}
