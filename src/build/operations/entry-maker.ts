import type { LayerEntry } from '../../layers/mod.ts'
import type { ByteString } from '../../lib/mod.ts'
import type { CollectedSource } from '../context/collect.ts'
import type { Collected } from '../context/collected.ts'
import type { FileStat } from '../context/tree.ts'
import type { Chmod } from './chmod.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface Making {
  /** Undefined: as the source has it. */
  readonly owner: Owner | undefined
  readonly chmod: Chmod | undefined
  /** For a reproducible layer: the latest time that anything may have, and the one of what has it by chance. */
  readonly epoch: bigint | undefined
  /** Called when the content of a file has got its hash. */
  readonly onHash?: ((file: Collected, source: CollectedSource) => void) | undefined
}

/** Turns what was collected from one source into entries; names of one file become links of the first. */
export class EntryMaker {
  readonly #source: CollectedSource
  readonly #making: Making
  readonly #first = new Map<string, ByteString>()
  /** Names of files that have others, by their row. */
  readonly #links = new Map<number, ByteString>()

  constructor(source: CollectedSource, making: Making) {
    this.#source = source
    this.#making = making
  }

  /** To be called for each that is placed, in order. */
  meet(row: number, stat: FileStat, path: ByteString): void {
    if (stat.nlink <= 1 || stat.isDirectory() || stat.isSymbolicLink()) return
    const inode = `${stat.dev}:${stat.ino}`
    const target = this.#first.get(inode)
    if (target === undefined) this.#first.set(inode, path)
    else this.#links.set(row, target)
  }

  stat(row: number): FileStat {
    return this.#source.entries.at(row)!.stat
  }

  /** Of the content that it brings. */
  size(row: number): number {
    const stat = this.stat(row)
    return stat.isFile() && !this.#links.has(row) ? stat.size : 0
  }

  entry(row: number, path: ByteString): LayerEntry {
    const { owner, chmod, epoch, onHash } = this.#making
    const source = this.#source
    const collected = source.entries.at(row)!
    const { stat, xattrs, target } = collected
    const isDirectory = stat.isDirectory()
    const chance = source.incidental && epoch !== undefined
    let mode = chance ? checkedOutMode(stat) : stat.mode & 0o7777
    if (chmod && !source.archive && target === undefined) mode = chmod.change(mode, isDirectory)
    const uid = owner ? owner.uid : source.metadata ? stat.uid : 0
    const gid = owner ? owner.gid : source.metadata ? stat.gid : 0
    const mtime = chance ? epoch : stat.mtimeNs
    if (stat.isFile()) {
      const link = this.#links.size > 0 ? this.#links.get(row) : undefined
      if (link === undefined) {
        const content = new Content(collected, source, onHash)
        const file = { kind: 'file', path, mode, uid, gid, mtime, source: content, size: stat.size } as const
        return xattrs ? { ...file, xattrs } : file
      }
    }
    const base = { path, mode, uid, gid, mtime, ...(xattrs && { xattrs }) }
    if (target !== undefined) return { ...base, kind: 'symlink', target }
    if (isDirectory) return { ...base, kind: 'directory' }
    const link = this.#links.get(row)
    if (link !== undefined) return { ...base, kind: 'link', target: link }
    if (stat.isFIFO()) return { ...base, kind: 'fifo' }
    const [major, minor] = deviceOf(stat.rdev)
    return { ...base, kind: 'device', type: stat.isBlockDevice() ? 'block' : 'char', major, minor }
  }
}

/** The content of a file: its hash goes to what was collected. */
class Content {
  readonly kind = 'path'
  readonly #file: Collected
  readonly #source: CollectedSource
  readonly #onHash: Making['onHash']
  #sha256: Buffer | undefined

  constructor(file: Collected, source: CollectedSource, onHash: Making['onHash']) {
    this.#file = file
    this.#source = source
    this.#onHash = onHash
  }

  get path(): ByteString {
    return `${this.#source.tree.root}/${this.#file.from}`
  }

  get sha256(): Buffer | undefined {
    this.#sha256 ??= this.#file.sha256
    return this.#sha256
  }

  set sha256(hash: Buffer | undefined) {
    this.#file.sha256 = hash
    this.#onHash?.(this.#file, this.#source)
  }
}

/** As git keeps modes, whatever the umask of whoever checked out. */
function checkedOutMode(stat: FileStat): number {
  return stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644
}

/** Linux's encoding of a device number in st_rdev. */
function deviceOf(rdev: bigint): [major: number, minor: number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffffffffn)
  return [Number(major), Number(minor)]
}
