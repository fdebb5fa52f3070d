import { createHash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { errno, StrakeError } from '../lib/mod.ts'
import { type DiffId, type Digest, digestOf } from '../oci/mod.ts'
import { type Database, storing } from './database.ts'
import { blobPath } from './layout.ts'
import { holdBlob } from './leases.ts'
import { ownIdentity } from './owner.ts'
import type { BlobInfo, Compression, ContentStore, Ingest, Lease } from './types.ts'

const columns = 'digest, size, diff_id, compression'

/** The number of blobs that this process has begun to write, for their files' names. */
let begun = 0

/**
 * A blob's file gets its name and its row in one write transaction. So whoever is the writer sees the truth: a file
 * without a row is nobody's.
 */
export class Content implements ContentStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  info(digest: Digest): BlobInfo | undefined {
    const row = this.#db.sql(`SELECT ${columns} FROM blobs WHERE digest = ?`).get(digest)
    return row && blobInfo(row)
  }

  path(digest: Digest): string {
    if (!this.info(digest)) throw notFound(digest)
    return blobPath(this.#db.root, digest)
  }

  open(digest: Digest, range: { readonly start?: number; readonly end?: number } = {}) {
    // Opened here, so that a collection that comes before the first read does not matter.
    return createReadStream('', { ...range, fd: this.reader(digest) })
  }

  read(digest: Digest): Buffer {
    const fd = this.reader(digest)
    try {
      const bytes = readFileSync(fd)
      if (bytes.length !== this.info(digest)?.size) throw damaged(digest, 'is not as long as it was')
      return bytes
    } finally {
      closeSync(fd)
    }
  }

  reader(digest: Digest): number {
    const path = this.path(digest)
    try {
      return openSync(path, 'r')
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error
      // A collection may have come between the two looks.
      throw this.info(digest) ? damaged(digest, 'has lost its file') : notFound(digest)
    }
  }

  put(bytes: string | Uint8Array, lease: Lease): BlobInfo {
    const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    const digest = digestOf(data)
    if (this.info(digest)) {
      const known = this.#db.transaction(() => {
        const info = this.info(digest)
        if (!info || fileSize(blobPath(this.#db.root, digest)) !== info.size) return undefined
        holdBlob(this.#db, lease.id, digest)
        return info
      })
      if (known) return known
    }
    using ingest = this.ingest(lease)
    ingest.write(data)
    return ingest.commit({ digest })
  }

  ingest(lease: Lease): Ingest {
    return new IngestFile(this.#db, lease)
  }

  describe(digest: Digest, layer: { readonly diffId: DiffId; readonly compression: Compression }): void {
    const { changes } = this.#db.transaction(() =>
      this.#db
        .sql('UPDATE blobs SET diff_id = ?, compression = ? WHERE digest = ?')
        .run(layer.diffId, layer.compression, digest),
    )
    if (!changes) throw notFound(digest)
  }

  byDiffId(diffId: DiffId): BlobInfo | undefined {
    const row = this.#db
      .sql(`SELECT ${columns} FROM blobs WHERE diff_id = ? ORDER BY compression = 'none', digest LIMIT 1`)
      .get(diffId)
    return row && blobInfo(row)
  }

  delete(digest: Digest): void {
    this.#db.transaction(() => {
      const used = this.#db
        .sql(
          `SELECT 1 FROM image_blobs WHERE digest = :digest UNION ALL
           SELECT 1 FROM index_blobs WHERE digest = :digest UNION ALL
           SELECT 1 FROM lease_blobs JOIN leases ON id = lease WHERE digest = :digest AND owner <> :self`,
        )
        .get({ digest, self: ownIdentity() })
      if (used) throw new StrakeError('conflict', `blob ${digest} is in use`)
      this.#db.sql('DELETE FROM blobs WHERE digest = ?').run(digest)
      this.#db.afterCommit(() => this.#removeFile(digest))
    })
  }

  /** In a transaction of its own, since another process may have stored the same blob again meanwhile. */
  #removeFile(digest: Digest): void {
    this.#db.transaction(() => {
      if (!this.info(digest)) rmSync(blobPath(this.#db.root, digest), { force: true })
    })
  }

  *walk(): Iterable<BlobInfo> {
    for (const row of this.#db.sql(`SELECT ${columns} FROM blobs ORDER BY digest`).all()) yield blobInfo(row)
  }
}

class IngestFile implements Ingest {
  readonly #db: Database
  readonly #lease: Lease
  readonly #path: string
  readonly #hash = createHash('sha256')
  #fd: number | undefined
  #size = 0

  constructor(db: Database, lease: Lease) {
    this.#db = db
    this.#lease = lease
    this.#path = join(db.root, 'ingest', `${lease.id}-${begun++}`)
    this.#fd = storing(db.root, () => openSync(this.#path, 'w', 0o644))
  }

  get size(): number {
    return this.#size
  }

  write(chunk: Uint8Array): void {
    const fd = this.#fd
    if (fd === undefined) throw new StrakeError('internal', 'the blob is already written')
    storing(this.#db.root, () => {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
    })
    this.#hash.update(chunk)
    this.#size += chunk.length
  }

  reader(): number {
    return openSync(this.#path, 'r')
  }

  moveTo(path: string): void {
    this.#close()
    storing(this.#db.root, () => renameSync(this.#path, path))
  }

  commit(expected: { readonly digest?: Digest; readonly size?: number } = {}): BlobInfo {
    const digest = `sha256:${this.#hash.digest('hex')}` as Digest
    const size = this.#size
    try {
      if (expected.size !== undefined && expected.size !== size) {
        throw new StrakeError('corrupt', `got ${size} bytes where ${expected.size} were expected`)
      }
      if (expected.digest !== undefined && expected.digest !== digest) {
        throw new StrakeError('corrupt', `got content with digest ${digest} where ${expected.digest} was expected`)
      }
      this.#close()
      return this.#db.transaction(() => {
        this.#db
          .sql('INSERT OR IGNORE INTO blobs (digest, size, created_at) VALUES (?, ?, ?)')
          .run(digest, size, Date.now())
        holdBlob(this.#db, this.#lease.id, digest)
        // Also where the blob is here already: that makes it whole if its file was lost or damaged.
        storing(this.#db.root, () => renameSync(this.#path, blobPath(this.#db.root, digest)))
        const row = this.#db.sql(`SELECT ${columns} FROM blobs WHERE digest = ?`).get(digest)
        return blobInfo(row!)
      })
    } finally {
      this[Symbol.dispose]()
    }
  }

  #close(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }

  [Symbol.dispose](): void {
    this.#close()
    rmSync(this.#path, { force: true })
  }
}

/** Undefined where there is no such file. */
export function fileSize(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size
}

function blobInfo(row: object): BlobInfo {
  const { digest, size, diff_id, compression } = row as {
    digest: Digest
    size: number
    diff_id: DiffId | null
    compression: Compression | null
  }
  return { digest, size, ...(diff_id && { diffId: diff_id }), ...(compression && { compression }) }
}

function notFound(digest: Digest): StrakeError {
  return new StrakeError('not_found', `blob ${digest} is not in the store`)
}

function damaged(digest: Digest, how: string): StrakeError {
  return new StrakeError('corrupt', `blob ${digest} ${how}`, { hint: 'See what is damaged with: strake system check' })
}
