import { readdirSync, readlinkSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { bytesOf, pathOf, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../lib/mod.ts'
import { refuseWhiteout } from './as-found.ts'
import { isPortable, opaqueMarker, opaqueXattrs, whiteoutPrefix } from './marks.ts'
import type { ByteString, LayerDirs, LayerEntry } from './types.ts'

export interface Found {
  readonly path: ByteString
  readonly stat: sys.Stat
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array> | undefined
  readonly opaque: boolean
}

/**
 * The entries of a layer's directories, in the order of their paths. overlayfs' whiteouts and opaque directories come as
 * the `.wh.` files of the image spec. Of the names of one file, the first is the file and the others are links to it.
 * Sockets are left out, as docker does.
 *
 * @throws `unsupported` for a name that would be taken for a whiteout
 */
export function* scanLayer(dirs: LayerDirs): Generator<LayerEntry> {
  yield* scanDirectory('', [dirs].flat().map(bytesOf).map(find), new Map())
}

/** Names of the files that have several, by identity. */
type FirstNames = Map<string, ByteString>

/** `sources`: the directories that are one there, the topmost first. */
function* scanDirectory(path: ByteString, sources: readonly Found[], firstNames: FirstNames): Generator<LayerEntry> {
  const prefix = path && `${path}/`
  const found = new Map<ByteString, Found>()
  const directories = new Map<ByteString, Found[]>()
  // In the order of whole paths, `a-b` stands between `a` and what is below it, as `-` comes before `/`.
  const steps: ByteString[] = []
  const add = (step: ByteString, what: Found) => {
    found.set(step, what)
    steps.push(step)
  }
  for (const source of sources) {
    for (const name of readdirSync(pathOf(source.path), 'latin1')) {
      const merged = directories.get(name)
      if (!merged && found.has(name)) continue
      refuseWhiteout(prefix + name)
      const child = find(`${source.path}/${name}`)
      if (merged) {
        if (isDirectory(child.stat)) merged.push(child)
        continue
      }
      add(isWhiteout(child.stat) ? whiteoutPrefix + name : name, child)
      if (!isDirectory(child.stat)) continue
      steps.push(`${name}/`)
      directories.set(name, [child])
    }
    if (source.opaque) add(opaqueMarker, source)
  }
  for (const step of steps.sort()) {
    if (step.endsWith('/')) {
      const name = step.slice(0, -1)
      yield* scanDirectory(prefix + name, directories.get(name)!, firstNames)
      continue
    }
    const isMark = step.startsWith(whiteoutPrefix)
    const entry = isMark ? mark(prefix + step) : entryOf(prefix + step, found.get(step)!, firstNames)
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
  return { path, stat, xattrs, opaque }
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

function entryOf(path: ByteString, found: Found, firstNames: FirstNames): LayerEntry | undefined {
  const { mode, uid, gid, mtime, nlink, identity } = found.stat
  if (nlink > 1 && !isDirectory(found.stat)) {
    const target = firstNames.get(identity)
    if (target !== undefined) return { path, mode: mode & 0o7777, uid, gid, mtime, kind: 'link', target }
    firstNames.set(identity, path)
  }
  return describe(path, found)
}

/** What was found, as an entry of that path. Undefined for a socket. */
export function describe(path: ByteString, { path: source, stat, xattrs }: Found): LayerEntry | undefined {
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
