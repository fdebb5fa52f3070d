import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, opendir, rename, stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { errno, StrakeError } from '../../lib/mod.ts'
import type { ByteRange } from '../../registry/mod.ts'
import type { BlobStore, StoredUpload } from './types.ts'

/** Bytes that are gathered before they are written, and that are read at once. */
const batch = 1024 * 1024
/** Bytes that are read while as many are sent: what one download takes, twice. */
const pieceSize = 256 * 1024
/** Bytes after which the disk is told to write what it has, so that it does not have to at the end. */
const syncEvery = 64 * 1024 * 1024
/** Bytes after which it is looked whether there is room for more. */
const checkEvery = 8 * 1024 * 1024
/** Bytes that are left to the database and to others. */
const reserve = 64 * 1024 * 1024

/** A blob store in a folder: `blobs/ab/KEY` and `uploads/NAME`. */
export class FolderBlobs implements BlobStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async begin(upload: string): Promise<void> {
    const create = () => open(this.#upload(upload), 'wx', 0o600)
    let handle: FileHandle
    try {
      handle = await create()
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw this.#failure(error)
      try {
        await mkdir(join(this.#folder, 'uploads'), { recursive: true, mode: 0o700 })
        handle = await create()
      } catch (cause) {
        throw this.#failure(cause)
      }
    }
    await handle.close()
  }

  async uploaded(upload: string): Promise<number | undefined> {
    try {
      return (await stat(this.#upload(upload))).size
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async append(upload: string, source: AsyncIterable<Uint8Array>, each: (piece: Uint8Array) => void): Promise<number> {
    let handle: FileHandle
    try {
      handle = await open(this.#upload(upload), 'r+')
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw this.#failure(error)
      throw new StrakeError('not_found', 'no such upload')
    }
    const checkRoom = async () => {
      if ((await this.free()) === 0) throw noSpace()
    }
    await using writer = new Writer(handle, { at: (await handle.stat()).size, checkRoom })
    try {
      for await (const piece of source) {
        each(piece)
        await writer.write(piece)
      }
    } catch (error) {
      await writer.flush().catch(() => undefined)
      throw this.#failure(error)
    }
    try {
      return await writer.flush()
    } catch (error) {
      throw this.#failure(error)
    }
  }

  readUpload(upload: string): Readable {
    return createReadStream(this.#upload(upload), { highWaterMark: batch })
  }

  async finish(upload: string, key: string): Promise<void> {
    const from = this.#upload(upload)
    const to = this.#blob(key)
    try {
      await sync(from)
      try {
        await rename(from, to)
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error
        await mkdir(join(to, '..'), { recursive: true, mode: 0o700 })
        await rename(from, to)
      }
      await sync(join(to, '..'))
    } catch (error) {
      throw this.#failure(error)
    }
  }

  async abandon(upload: string): Promise<boolean> {
    return await removed(this.#upload(upload))
  }

  read(key: string): Readable {
    return createReadStream(this.#blob(key), { highWaterMark: batch })
  }

  async copy(key: string, to: Writable, { first, last }: ByteRange): Promise<void> {
    await using handle = await open(this.#blob(key), 'r')
    const piece = Math.min(pieceSize, last - first + 1)
    // One piece is read while the other one is sent; a buffer is used again when the kernel has its bytes.
    const slots = [0, 1].map(() => ({ buffer: Buffer.allocUnsafeSlow(piece), sent: Promise.resolve() }))
    const read = (slot: number, at: number) => handle.read(slots[slot]!.buffer, 0, Math.min(piece, last - at + 1), at)
    let at = first
    for (let slot = 0; at <= last; slot ^= 1) {
      await slots[slot]!.sent
      const { bytesRead, buffer } = await read(slot, at)
      if (bytesRead === 0) throw new StrakeError('corrupt', `the blob ${key} has lost its end`)
      at += bytesRead
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      promise.catch(() => undefined)
      slots[slot]!.sent = promise
      to.write(buffer.subarray(0, bytesRead), (error) => (error ? reject(error) : resolve()))
    }
    for (const { sent } of slots) await sent
  }

  async remove(key: string): Promise<void> {
    await removed(this.#blob(key))
  }

  async *blobs(before: number): AsyncIterable<string> {
    for await (const folder of entries(join(this.#folder, 'blobs'))) {
      for await (const file of files(join(this.#folder, 'blobs', folder))) if (file.writtenAt < before) yield file.name
    }
  }

  async *uploads(prefix = ''): AsyncIterable<StoredUpload> {
    for await (const { name, ...file } of files(join(this.#folder, 'uploads'), prefix)) yield { upload: name, ...file }
  }

  async free(): Promise<number | undefined> {
    const { bavail, bsize } = await statfs(this.#folder)
    return Math.max(0, bavail * bsize - reserve)
  }

  #upload(name: string): string {
    return join(this.#folder, 'uploads', plain(name))
  }

  #blob(key: string): string {
    return join(this.#folder, 'blobs', plain(key).slice(0, 2), key)
  }

  #failure(cause: unknown): unknown {
    if (errno(cause) !== 'ENOSPC' && errno(cause) !== 'EDQUOT') return cause
    return noSpace(cause)
  }
}

function noSpace(cause?: unknown): StrakeError {
  return new StrakeError('unavailable', "no space is left on the hub's disk", { cause })
}

/** Gathers pieces and writes them in large steps while the next ones arrive. */
class Writer implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #checkRoom: () => Promise<void>
  #at: number
  #pieces: Uint8Array[] = []
  #gathered = 0
  #unchecked = checkEvery
  #unsynced = 0
  #writing: Promise<void> = Promise.resolve()
  /** What the disk writes on its own while more is received. Its failure is told by the next write or at the end. */
  #syncing: Promise<void> = Promise.resolve()

  /** @param checkRoom is called before the first write and now and then, and throws where there must be none */
  constructor(handle: FileHandle, { at, checkRoom }: { at: number; checkRoom: () => Promise<void> }) {
    this.#handle = handle
    this.#at = at
    this.#checkRoom = checkRoom
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece)
    this.#gathered += piece.length
    if (this.#gathered >= batch) await this.#start()
  }

  /** Returns the file's size. */
  async flush(): Promise<number> {
    await this.#start()
    await this.#writing
    await this.#syncing
    return this.#at
  }

  /** Waits for the write before this one: there is never more than one under way, and one being gathered. */
  async #start(): Promise<void> {
    await this.#writing
    const pieces = this.#pieces
    const length = this.#gathered
    if (length === 0) return
    this.#pieces = []
    this.#gathered = 0
    this.#writing = this.#writeAll(pieces, length)
    this.#writing.catch(() => undefined)
  }

  async #writeAll(pieces: Uint8Array[], length: number): Promise<void> {
    this.#unchecked += length
    if (this.#unchecked >= checkEvery) {
      this.#unchecked = 0
      await this.#checkRoom()
    }
    let { bytesWritten: done } = await this.#handle.writev(pieces, this.#at)
    // A short write is what a full disk gives first; the next one says ENOSPC.
    const rest = done < length ? Buffer.concat(pieces) : undefined
    while (rest && done < length) {
      done += (await this.#handle.write(rest, done, length - done, this.#at + done)).bytesWritten
    }
    this.#at += length
    this.#unsynced += length
    if (this.#unsynced < syncEvery) return
    this.#unsynced = 0
    await this.#syncing
    this.#syncing = this.#handle.datasync()
    this.#syncing.catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#syncing.catch(() => undefined)
    await this.#handle.close()
  }
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

async function removed(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (errno(error) === 'ENOENT') return false
    throw error
  }
}

async function* entries(folder: string): AsyncIterable<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
}

async function* files(folder: string, prefix = '') {
  for await (const name of entries(folder)) {
    if (!name.startsWith(prefix)) continue
    try {
      const { size, mtimeMs } = await stat(join(folder, name))
      yield { name, size, writtenAt: mtimeMs }
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error
    }
  }
}

/** Names come from this program; that they can't lead out of the folder is still checked where they become paths. */
function plain(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new StrakeError('internal', `not a name in a blob store: ${name}`)
  return name
}
