import { hash } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { type ByteString, bytesOf, pathOf, StrakeError } from '../../lib/mod.ts'
import { apkPackages } from './apk.ts'
import { dpkgPackages } from './dpkg.ts'
import { npmPackages } from './npm.ts'
import { pipPackages } from './pip.ts'
import { ndbPackages, sqlitePackages } from './rpm-databases.ts'
import type { Distribution, Evidence, FoundPackage, Inventory, Package } from './types.ts'
import { walk } from './walk.ts'

/** A root file system to look at. */
export interface ScannedRoot {
  /** Where its files are: a mount, or a plain folder. */
  readonly path: string
  /** The layers that it is made of, the topmost first. */
  readonly layers: readonly { readonly path: string; readonly diffId: string }[]
}

export interface ScanOptions {
  /** A folder for files that are gone afterwards. */
  readonly scratch: string
  readonly signal?: AbortSignal | undefined
}

/** A kind of file that tells of packages. */
interface Reader {
  readonly path: RegExp
  read(
    bytes: Uint8Array,
    more: { readonly log: () => Uint8Array | undefined; readonly scratch: string },
  ): Iterable<Package>
}

const readers: readonly Reader[] = [
  { path: /(?:^|\/)var\/lib\/dpkg\/(?:status|status\.d\/[^/]+)$/, read: dpkgPackages },
  { path: /(?:^|\/)lib\/apk\/db\/installed$/, read: apkPackages },
  { path: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/, read: npmPackages },
  { path: /\.dist-info\/METADATA$|\.egg-info(?:\/PKG-INFO)?$/, read: pipPackages },
  {
    path: /\/rpm\/rpmdb\.sqlite$/,
    read: (bytes, { log, scratch }) => sqlitePackages(bytes, { log: log(), scratch }),
  },
  { path: /\/rpm\/Packages\.db$/, read: ndbPackages },
  {
    path: /\/rpm\/Packages$/,
    read() {
      throw new StrakeError('unsupported', 'it is a Berkeley DB, which rpm itself has given up')
    },
  },
]

/** The largest databases of packages have some 100 MB. */
const largest = 256 << 20

/**
 * Finds the packages of a root file system by what their package managers keep in it. Nothing in it is run or believed:
 * symlinks are not followed, and a database that can't be read is named in the result.
 */
export async function scanPackages(root: ScannedRoot, { scratch, signal }: ScanOptions): Promise<Inventory> {
  const top = bytesOf(root.path)
  const evidence: Evidence[] = []
  const unreadable: { path: ByteString; why: string }[] = []
  const packages = new Map<string, FoundPackage>()
  let distribution: Distribution | undefined
  for await (const path of walk(top, signal)) {
    if (path === 'etc/os-release' || path === 'usr/lib/os-release') {
      distribution ??= distributionOf(readFile(`${top}/${path}`))
    }
    const reader = readerOf(path)
    if (!reader) continue
    try {
      const bytes = readFile(`${top}/${path}`)
      const log = () => readIfThere(`${top}/${path}-wal`)
      const found = [...reader.read(bytes, { log, scratch })]
      if (found.length === 0) continue
      const file = { path, sha1: hash('sha1', bytes), sha256: hash('sha256', bytes), layer: layerOf(path, root) }
      evidence.push(file)
      for (const each of found) {
        const key = keyOf(each)
        const known = packages.get(key)
        packages.set(key, { ...(known ?? each), evidence: [...(known?.evidence ?? []), file] })
      }
    } catch (error) {
      if (!(error instanceof StrakeError)) throw error
      unreadable.push({ path, why: error.message })
    }
  }
  const keys = [...packages.keys()].sort()
  evidence.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { distribution, packages: keys.map((key) => packages.get(key)!), evidence, unreadable }
}

function readerOf(path: ByteString): Reader | undefined {
  // Most files are none: their last letters tell.
  if (
    !/(?:status|installed|package\.json|METADATA|PKG-INFO|\.egg-info|rpmdb\.sqlite|Packages(?:\.db)?)$|status\.d\//.test(
      path,
    )
  )
    return undefined
  return readers.find((reader) => reader.path.test(path))
}

/** Sorts by kind, name, version, in an order that no version of this program changes. */
function keyOf({ kind, name, version, architecture = '' }: Package): string {
  return [kind, name, version, architecture].join('\0')
}

function layerOf(path: ByteString, { layers }: ScannedRoot): string | undefined {
  return layers.find((layer) => lstatSync(pathOf(`${bytesOf(layer.path)}/${path}`), { throwIfNoEntry: false }))?.diffId
}

function readIfThere(path: ByteString): Uint8Array | undefined {
  return lstatSync(pathOf(path), { throwIfNoEntry: false })?.isFile() ? readFile(path) : undefined
}

/** Throws `unsupported` for one that is too long. */
function readFile(path: ByteString): Buffer {
  const fd = openSync(pathOf(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { size } = fstatSync(fd)
    if (size > largest) throw new StrakeError('unsupported', `it has ${size} bytes`)
    const bytes = Buffer.allocUnsafe(size)
    let length = 0
    for (let read = -1; length < size && read !== 0; length += read)
      read = readSync(fd, bytes, length, size - length, null)
    return bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

function distributionOf(bytes: Uint8Array): Distribution | undefined {
  const values = new Map<string, string>()
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0)
      values.set(
        line.slice(0, equals),
        line
          .slice(equals + 1)
          .trim()
          .replace(/^["']|["']$/g, ''),
      )
  }
  const id = values.get('ID')
  return id ? { id, version: values.get('VERSION_ID') || undefined } : undefined
}
