import { readdirSync, readlinkSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { bytesOf, pathOf, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../lib/mod.ts'
import { refuseWhiteout } from './as-found.ts'
import { isPortable, opaqueMarker, opaqueXattrs, whiteoutPrefix } from './marks.ts'
import type { ByteString, LayerEntry } from './types.ts'

export interface Found {
  readonly stat: sys.Stat
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array> | undefined
  readonly opaque: boolean
}

/**
 * The entries of a layer's directory, in the order of their paths. overlayfs' whiteouts and opaque directories come as
 * the `.wh.` files of the image spec. Of the names of one file, the first is the file and the others are links to it.
 * Sockets are left out, as docker does.
 *
 * @throws `unsupported` for a name that would be taken for a whiteout
 */
export function* scanLayer(dir: string): Generator<LayerEntry> {
  const root = bytesOf(dir)
  yield* scanDirectory('', find(root), { root, firstNames: new Map() })
}

interface Scan {
  readonly root: ByteString
  /** Of the files with several names, by identity. */
  readonly firstNames: Map<string, ByteString>
}

function* scanDirectory(path: ByteString, self: Found, scan: Scan): Generator<LayerEntry> {
  const prefix = path && `${path}/`
  const found = new Map<ByteString, Found>()
  // In the order of whole paths, `a-b` stands between `a` and what is below it, as `-` comes before `/`.
  const steps: ByteString[] = []
  for (const name of readdirSync(pathOf(`${scan.root}/${path}`), 'latin1')) {
    refuseWhiteout(prefix + name)
    const child = find(`${scan.root}/${prefix}${name}`)
    const step = isWhiteout(child.stat) ? whiteoutPrefix + name : name
    found.set(step, child)
    steps.push(step)
    if (isDirectory(child.stat)) steps.push(`${name}/`)
  }
  if (self.opaque) {
    found.set(opaqueMarker, self)
    steps.push(opaqueMarker)
  }
  for (const step of steps.sort()) {
    if (step.endsWith('/')) {
      const name = step.slice(0, -1)
      yield* scanDirectory(prefix + name, found.get(name)!, scan)
      continue
    }
    const isMark = step.startsWith(whiteoutPrefix)
    const entry = isMark ? mark(prefix + step) : entryOf(prefix + step, found.get(step)!, scan)
    if (entry) yield entry
  }
}

/** What there is to know of one file, directory or other thing. */
export function find(path: ByteString): Found {
  const where = pathOf(path)
  const stat = sys.lstat(sys.AT_FDCWD, where)
  let xattrs: Map<ByteString, Uint8Array> | undefined
  let opaque = false
  for (const bytes of sys.llistxattr(where)) {
    const name = bytes.toString('latin1')
    if (isPortable(name)) {
      const value = sys.lgetxattr(where, bytes)
      xattrs ??= new Map()
      if (value) xattrs.set(name, value)
    } else if (opaqueXattrs.includes(name)) {
      opaque ||= sys.lgetxattr(where, bytes)?.toString() === 'y'
    }
  }
  return { stat, xattrs, opaque }
}

function isDirectory({ mode }: sys.Stat): boolean {
  return (mode & S_IFMT) === S_IFDIR
}

/** overlayfs.rst, Whiteouts. */
function isWhiteout({ mode, device }: sys.Stat): boolean {
  return (mode & S_IFMT) === S_IFCHR && device.major === 0 && device.minor === 0
}

/** A `.wh.` file. Nothing but its being there counts, so that removing the same twice makes the same layer. */
function mark(path: ByteString): LayerEntry {
  return { path, kind: 'file', size: 0, source: noBytes, mode: 0o600, uid: 0, gid: 0, mtime: 0n }
}

const noBytes = { kind: 'bytes', bytes: new Uint8Array(0) } as const

function entryOf(path: ByteString, found: Found, { root, firstNames }: Scan): LayerEntry | undefined {
  const { mode, uid, gid, mtime, nlink, identity } = found.stat
  if (nlink > 1 && !isDirectory(found.stat)) {
    const target = firstNames.get(identity)
    if (target !== undefined) return { path, mode: mode & 0o7777, uid, gid, mtime, kind: 'link', target }
    firstNames.set(identity, path)
  }
  return describe(path, found, `${root}/${path}`)
}

/** What was found at `source`, as an entry of that path. Undefined for a socket. */
export function describe(path: ByteString, { stat, xattrs }: Found, source: ByteString): LayerEntry | undefined {
  const { uid, gid, mtime } = stat
  const base = { path, mode: stat.mode & 0o7777, uid, gid, mtime, ...(xattrs && { xattrs }) }
  switch (stat.mode & S_IFMT) {
    case S_IFREG:
      return { ...base, kind: 'file', size: stat.size, source: { kind: 'path', path: source } }
    case S_IFDIR:
      return { ...base, kind: 'directory' }
    case S_IFLNK:
      return { ...base, kind: 'symlink', target: readlinkSync(pathOf(source), 'latin1') }
    case S_IFCHR:
      return { ...base, kind: 'device', type: 'char', ...stat.device }
    case S_IFBLK:
      return { ...base, kind: 'device', type: 'block', ...stat.device }
    case S_IFIFO:
      return { ...base, kind: 'fifo' }
    default:
      return undefined
  }
}
