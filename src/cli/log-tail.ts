import { printable } from './display.ts'

const longestLine = 4096

/** The last lines of a program's output, fit to be shown: whatever bytes come, in whatever pieces. */
export class LogTail {
  /** Lines that no longer are kept. */
  dropped = 0
  readonly lines: string[] = []
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  readonly #most: number
  /** Raw text of the line that has no end yet. */
  #open = ''

  constructor(most: number) {
    this.#most = most
  }

  add(stream: 'stdout' | 'stderr', data: Uint8Array): void {
    const [first = '', ...rest] = this.#decoders[stream].decode(data, { stream: true }).split('\n')
    let open = this.#open + first
    for (const next of rest) {
      this.#push(open)
      open = next
    }
    // What a carriage return overwrites is not seen on a terminal either (progress bars of apt, pip, curl).
    const back = open.lastIndexOf('\r', open.length - 2)
    this.#open = back >= 0 ? open.slice(back + 1) : open
    if (this.#open.length > longestLine) this.#open = this.#open.slice(0, longestLine)
  }

  /** The newest lines, the one that has no end yet included. */
  last(count: number): string[] {
    const open = shown(this.#open)
    return open === '' ? this.lines.slice(-count) : [...this.lines.slice(1 - count || this.lines.length), open]
  }

  /** Makes a line of what has no end. */
  close(): void {
    if (this.#open !== '') this.#push(this.#open)
    this.#open = ''
  }

  #push(line: string): void {
    this.lines.push(shown(line))
    // Cut in bunches: shifting an array at each line is slow.
    if (this.lines.length < this.#most * 2) return
    this.dropped += this.lines.length - this.#most
    this.lines.splice(0, this.lines.length - this.#most)
  }
}

function shown(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return printable(text.slice(text.lastIndexOf('\r') + 1).slice(0, longestLine))
}
