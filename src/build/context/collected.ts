import type { ByteString } from '../../lib/mod.ts'
import { FileStat } from './tree.ts'

/** A file, directory or other thing that one source of a COPY brings. */
export interface Collected {
  /** Relative to what the source names: '' is the thing itself. */
  readonly path: ByteString
  /** Where it is in the tree. */
  readonly from: ByteString
  readonly stat: FileStat
  readonly target?: ByteString | undefined
  readonly xattrs?: ReadonlyMap<ByteString, Uint8Array> | undefined
  /** A directory that only leads to others: an archive that ADD unpacks does not name it. */
  readonly unnamed?: boolean | undefined
  /** A directory that is only there because something in it is wanted (`--parents`, `--exclude`). */
  readonly leading?: boolean | undefined
  /** Of a file's content, 32 bytes, once it is known (`fillDigests`). */
  sha256?: Buffer | undefined
}

/** All that one source brings: `CollectedFiles`, or a few in an array. */
export interface CollectedEntries extends Iterable<Collected> {
  readonly length: number
  at(index: number): Collected | undefined
}

/** The same thing, but for some of what is said of it. */
export function changed(entry: Collected, changes: Partial<Collected>): Collected {
  const { path, from, stat, target, xattrs, unnamed, leading, sha256 } = entry
  return { path, from, stat, target, xattrs, unnamed, leading, sha256, ...changes }
}

/** Many of them, in the order in which they were added, as columns of numbers: 130 bytes each instead of a kilobyte of objects. */
export class CollectedFiles implements CollectedEntries {
  length = 0
  readonly #top: ByteString
  readonly #pages: Page[] = []

  /** `top`: where the source itself is in the tree. */
  constructor(top: ByteString) {
    this.#top = top
  }

  add(entry: Omit<Collected, 'from' | 'unnamed' | 'sha256'>): void {
    let page = this.#pages.at(-1)
    if (!page || page.length === pageSize) {
      page = new Page(this.#top)
      this.#pages.push(page)
    }
    page.add(entry)
    this.length++
  }

  at(index: number): Collected | undefined {
    return index < this.length ? new Row(this.#pages[Math.floor(index / pageSize)]!, index % pageSize) : undefined
  }

  *[Symbol.iterator](): Generator<Collected> {
    for (const page of this.#pages) for (let index = 0; index < page.length; index++) yield new Row(page, index)
  }
}

const pageSize = 1024

/** What few of them have. */
type Rare = Pick<Collected, 'target' | 'xattrs' | 'leading'> & { readonly rdev: bigint }

class Page {
  readonly top: ByteString
  length = 0
  readonly mode = new Uint32Array(pageSize)
  readonly nlink = new Uint32Array(pageSize)
  readonly uid = new Uint32Array(pageSize)
  readonly gid = new Uint32Array(pageSize)
  readonly size = new Float64Array(pageSize)
  readonly dev = new BigInt64Array(pageSize)
  readonly ino = new BigInt64Array(pageSize)
  readonly mtimeNs = new BigInt64Array(pageSize)
  readonly ctimeNs = new BigInt64Array(pageSize)
  readonly isHashed = new Uint8Array(pageSize)
  readonly hashes = Buffer.alloc(pageSize * 32)
  /** Where each path begins in `text`, and the last one ends. */
  readonly starts = new Uint32Array(pageSize + 1)
  #paths = Buffer.alloc(pageSize * 16)
  #text: string | undefined
  readonly rare = new Map<number, Rare>()

  constructor(top: ByteString) {
    this.top = top
  }

  /** All paths. Pieces of one long string are cheaper than strings of their own. */
  get text(): string {
    this.#text ??= this.#paths.toString('latin1', 0, this.starts[this.length])
    return this.#text
  }

  add({ path, stat, target, xattrs, leading }: Omit<Collected, 'from' | 'sha256'>): void {
    const index = this.length++
    this.mode[index] = stat.mode
    this.nlink[index] = stat.nlink
    this.uid[index] = stat.uid
    this.gid[index] = stat.gid
    this.size[index] = stat.size
    this.dev[index] = stat.dev
    this.ino[index] = stat.ino
    this.mtimeNs[index] = stat.mtimeNs
    this.ctimeNs[index] = stat.ctimeNs
    const start = this.starts[index]!
    const end = start + path.length
    if (end > this.#paths.length) this.#paths = Buffer.concat([this.#paths], 2 * end)
    this.#paths.write(path, start, 'latin1')
    this.#text = undefined
    this.starts[index + 1] = end
    const { rdev } = stat
    if (target !== undefined || xattrs || leading || rdev !== 0n) {
      this.rare.set(index, { target, xattrs, leading, rdev })
    }
  }
}

/** One of them, read when it is asked for. */
class Row extends FileStat implements Collected {
  readonly #page: Page
  readonly #index: number

  constructor(page: Page, index: number) {
    super()
    this.#page = page
    this.#index = index
  }

  get stat(): FileStat {
    return this
  }

  get path(): ByteString {
    const { starts, text } = this.#page
    return text.substring(starts[this.#index]!, starts[this.#index + 1]!)
  }

  get from(): ByteString {
    const { top } = this.#page
    if (top === '') return this.path
    return this.path === '' ? top : `${top}/${this.path}`
  }

  get sha256(): Buffer | undefined {
    if (this.#page.isHashed[this.#index] === 0) return undefined
    const start = this.#index * 32
    return this.#page.hashes.subarray(start, start + 32)
  }

  set sha256(hash: Buffer | undefined) {
    if (!hash) return
    this.#page.hashes.set(hash, this.#index * 32)
    this.#page.isHashed[this.#index] = 1
  }

  get target(): ByteString | undefined {
    return this.#page.rare.get(this.#index)?.target
  }

  get xattrs(): Collected['xattrs'] {
    return this.#page.rare.get(this.#index)?.xattrs
  }

  get leading(): boolean | undefined {
    return this.#page.rare.get(this.#index)?.leading
  }

  get mode(): number {
    return this.#page.mode[this.#index]!
  }

  get nlink(): number {
    return this.#page.nlink[this.#index]!
  }

  get uid(): number {
    return this.#page.uid[this.#index]!
  }

  get gid(): number {
    return this.#page.gid[this.#index]!
  }

  get size(): number {
    return this.#page.size[this.#index]!
  }

  get rdev(): bigint {
    return this.#page.rare.get(this.#index)?.rdev ?? 0n
  }

  get dev(): bigint {
    return this.#page.dev[this.#index]!
  }

  get ino(): bigint {
    return this.#page.ino[this.#index]!
  }

  get mtimeNs(): bigint {
    return this.#page.mtimeNs[this.#index]!
  }

  get ctimeNs(): bigint {
    return this.#page.ctimeNs[this.#index]!
  }
}
