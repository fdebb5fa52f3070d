import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { scanPackages } from './packages/scan.ts'
import type { Inventory } from './packages/types.ts'

/** For tests: a folder that is a root file system. */
export class TestRoot implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'strake-attest-'))
  readonly path = join(this.home, 'root')

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    mkdirSync(this.path)
    for (const [name, content] of Object.entries(files)) this.write(name, content)
  }

  at(name: string): string {
    return join(this.path, name)
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.at(name)), { recursive: true })
    writeFileSync(this.at(name), content)
  }

  scan(layers: readonly { readonly path: string; readonly diffId: string }[] = []): Promise<Inventory> {
    return scanPackages({ path: this.path, layers }, { scratch: this.home })
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true })
  }
}

/** A header as rpm's databases have it: strings by tag, and the epoch. */
export function rpmHeader(strings: Readonly<Record<number, string>>, epoch?: number): Buffer {
  const entries: Buffer[] = []
  const data: Buffer[] = []
  let place = 0
  const add = (tag: number, type: number, bytes: Buffer) => {
    const entry = Buffer.alloc(16)
    for (const [i, value] of [tag, type, place, 1].entries()) entry.writeUInt32BE(value, i * 4)
    entries.push(entry)
    data.push(bytes)
    place += bytes.length
  }
  if (epoch !== undefined) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(epoch)
    add(1003, 4, bytes)
  }
  for (const [tag, text] of Object.entries(strings)) add(Number(tag), 6, Buffer.from(`${text}\0`))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32BE(entries.length, 0)
  lengths.writeUInt32BE(place, 4)
  return Buffer.concat([lengths, ...entries, ...data])
}

/** Writes a database as rpm's SQLite backend does. */
export function writeRpmDatabase(file: string, headers: readonly Uint8Array[]): void {
  mkdirSync(dirname(file), { recursive: true })
  using database = new DatabaseSync(file)
  database.exec('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)')
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)')
  for (const header of headers) insert.run(header)
}

/** A `Packages.db` as rpm's own backend writes it: a header and one page of slots, and then the packages. */
export function ndbDatabase(headers: readonly Uint8Array[]): Buffer {
  const page = Buffer.alloc(4096)
  page.write('RpmP', 0, 'latin1')
  page.writeUInt32LE(1, 12)
  for (let at = 32; at < page.length; at += 16) page.write('Slot', at, 'latin1')
  const blobs: Buffer[] = []
  let block = page.length / 16
  for (const [i, header] of headers.entries()) {
    const slot = 32 + i * 16
    const size = Math.ceil((16 + header.length + 12) / 16)
    for (const [j, value] of [i + 1, block, size].entries()) page.writeUInt32LE(value, slot + 4 + j * 4)
    const blob = Buffer.alloc(size * 16)
    blob.write('BlbS', 0, 'latin1')
    blob.writeUInt32LE(i + 1, 4)
    blob.writeUInt32LE(header.length, 12)
    blob.set(header, 16)
    blobs.push(blob)
    block += size
  }
  return Buffer.concat([page, ...blobs])
}
