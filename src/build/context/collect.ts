import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { type IgnoreMatcher, ignoreMatcher, parsePatterns } from '../../dockerfile/mod.ts'
import { missingSource } from '../../hints/mod.ts'
import { sys } from '../../host/mod.ts'
import { type ByteString, bytesOf, errno, pathOf, type SourceRange, StrakeError, textOf } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import { atRange } from '../at-range.ts'
import type { Listing } from '../records/listing.ts'
import { type Collected, type CollectedEntries, CollectedFiles } from './collected.ts'
import type { StatCache } from './stat-cache.ts'
import { cleanPath, type FileStat, glob, isPattern, resolveInTree, type Tree } from './tree.ts'

export interface CollectedSource {
  /** The last component of the name by which the source was asked for. */
  readonly name: ByteString
  readonly tree: Tree
  /** Owners are kept; otherwise everything is root's. */
  readonly metadata: boolean
  /** The contents of an archive, which keep their modes and replace whatever is there. */
  readonly archive?: boolean
  /** Times, and modes but for the executable bit, are chance: those of one copy of the sources on one machine. */
  readonly incidental: boolean
  /** A directory and its contents in the order of their paths, but for what only leads to others; or the one file. */
  readonly entries: CollectedEntries
  /** All that is there was asked for: no directory only leads to others. */
  readonly whole: boolean
  /** Whether all files have a digest, or those that the cache knew, once it was asked. */
  known?: 'all' | 'some'
}

export interface CollectOptions {
  /** Keep owners and extended attributes: for stages and images, not for contexts, which Docker makes root's. */
  readonly metadata: boolean
  /** For work trees: see CollectedSource. */
  readonly incidental?: boolean
  /** Patterns of what is left out of directories, relative to each source. */
  readonly exclude?: readonly string[] | undefined
  /**
   * Sources are patterns, `**` included, of what is taken out of the tree with its path, or out of what stands before
   * `/./` with its path from there on.
   */
  readonly parents?: boolean | undefined
  /** Where each of the sources stands in the Dockerfile, for errors. */
  readonly ranges?: readonly SourceRange[] | undefined
}

/**
 * What the sources of a COPY name. A pattern may match nothing; a plain name must be there.
 * Throws `not_found`, with the nearest names and what hides the file as hint, and `invalid` for a malformed pattern.
 */
export function collect(tree: Tree, sources: readonly string[], options: CollectOptions): CollectedSource[] {
  const { metadata, incidental = false, parents } = options
  const exclude = options.exclude?.length ? ignoreMatcher(parsePatterns(options.exclude)) : undefined
  const whole = !parents && !exclude
  const collected: CollectedSource[] = []
  const collectSource = (source: string) => {
    const { root, include } = parents ? splitParents(source) : { root: source }
    const filter = { metadata, exclude, include }
    const path = cleanPath(bytesOf(root))
    if (isPattern(path)) {
      for (const match of glob(tree, path)) {
        const entries = collectOne(tree, match, filter)
        // Docker follows what a pattern matches, and misses the target.
        if (!entries && tree.stat(match)?.isSymbolicLink()) throw missing(tree, source, match)
        if (entries) collected.push({ name: baseName(match), tree, metadata, incidental, whole, entries })
      }
      return
    }
    const entries = collectOne(tree, path, filter)
    if (!entries) throw missing(tree, root, path)
    collected.push({ name: baseName(path), tree, metadata, incidental, whole, entries })
  }
  for (const [i, source] of sources.entries()) atRange(options.ranges?.[i], () => collectSource(source))
  return collected
}

/** Where the paths of a source of `--parents` begin, and what is taken from there. As BuildKit, which takes nothing for `.` itself. */
function splitParents(source: string): { root: string; include: IgnoreMatcher } {
  const pivot = source.indexOf('/./')
  const pattern = cleanPath(pivot < 0 ? source : source.slice(pivot + 3))
  return { root: pivot < 0 ? '/' : source.slice(0, pivot), include: ignoreMatcher(parsePatterns([pattern])) }
}

function baseName(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1)
}

interface Filter {
  readonly metadata: boolean
  readonly include?: IgnoreMatcher | undefined
  readonly exclude: IgnoreMatcher | undefined
}

/** A directory that is not wanted itself, as long as nothing in it is. */
interface Leading {
  readonly entry: Omit<Collected, 'from'>
  readonly above: Leading | undefined
  added: boolean
}

/** The named thing itself is followed when it is a symlink, and never filtered; links below it are kept. */
function collectOne(
  tree: Tree,
  path: ByteString,
  { metadata, include, exclude }: Filter,
): CollectedEntries | undefined {
  const top = resolveInTree(tree, path)
  const stat = tree.stat(top)
  if (!stat) return undefined
  const entries = new CollectedFiles(top)
  if (!stat.isDirectory()) {
    // Paths begin at a directory.
    if (include) return []
    if (top !== '' && tree.ignore?.ignored(textOf(top))) return undefined
    entries.add(describe(tree, '', top, stat, metadata))
    return entries
  }
  if (top !== '' && tree.ignore?.ignored(textOf(top)) && tree.list(top).length === 0) return undefined

  const addLeading = (leading: Leading | undefined): void => {
    if (!leading || leading.added) return
    addLeading(leading.above)
    entries.add({ ...leading.entry, leading: true })
    leading.added = true
  }
  /** @returns what goes on with the contents, if they are wanted */
  const add = (path: ByteString, from: ByteString, found: FileStat, above: Leading | undefined) => {
    if (found.isSocket()) return undefined
    const text = path === '' || !(include || exclude) ? '' : textOf(path)
    const included = text === '' || !include || include.ignored(text) !== undefined
    const excluded = text !== '' && exclude?.ignored(text) !== undefined
    if (included && !excluded) {
      addLeading(above)
      entries.add(describe(tree, path, from, found, metadata))
      return found.isDirectory() ? () => walk(path, from, undefined) : undefined
    }
    if (!found.isDirectory()) return undefined
    if (!(included || include?.mayIgnore(text)) || (excluded && !exclude?.mayReinclude(text))) return undefined
    const leading = { entry: describe(tree, path, from, found, metadata), above, added: false }
    return () => walk(path, from, leading)
  }
  const walk = (path: ByteString, from: ByteString, leading: Leading | undefined) => {
    // In the order of whole paths, `a-b` stands between `a` and what is below it, as `-` comes before `/`.
    const open: { readonly contents: ByteString; readonly walk: () => void }[] = []
    for (const name of tree.list(from)) {
      while (open.length > 0 && open.at(-1)!.contents < name) open.pop()!.walk()
      const child = from === '' ? name : `${from}/${name}`
      const childStat = tree.stat(child)
      const below = childStat && add(path === '' ? name : `${path}/${name}`, child, childStat, leading)
      if (below) open.push({ contents: `${name}/`, walk: below })
    }
    while (open.length > 0) open.pop()!.walk()
  }
  add('', top, stat, undefined)?.()
  return entries
}

function describe(
  tree: Tree,
  path: ByteString,
  from: ByteString,
  stat: FileStat,
  metadata: boolean,
): Omit<Collected, 'from'> {
  const target = stat.isSymbolicLink() ? tree.readlink(from) : undefined
  return { path, stat, target, xattrs: metadata ? readXattrs(tree, from) : undefined }
}

/** All but overlayfs' own. */
export function readXattrs(tree: Tree, path: ByteString): ReadonlyMap<ByteString, Uint8Array> | undefined {
  const absolute = pathOf(`${tree.root}/${path}`)
  const names = sys.llistxattr(absolute).map((name) => name.toString('latin1'))
  const kept = names.filter((name) => !name.startsWith('trusted.overlay.') && !name.startsWith('user.overlay.'))
  if (!kept.length) return undefined
  return new Map(kept.map((name) => [name, sys.lgetxattr(absolute, Buffer.from(name, 'latin1')) ?? new Uint8Array()]))
}

/**
 * Adds the content digests that files do not have yet: those that the cache knows and, with `read`, all others.
 * `onUnknown` hears of the first that the cache does not know.
 *
 * @returns whether they are all there
 */
export function fillDigests(
  sources: readonly CollectedSource[],
  { cache, read, onUnknown }: { cache: StatCache | undefined; read: boolean; onUnknown?: () => void },
): boolean {
  let heard = false
  for (const source of sources) {
    const { tree, entries, known } = source
    if (known === 'all' || (known === 'some' && !read)) continue
    let filled: CollectedSource['known'] = 'all'
    for (const entry of entries) {
      if (!entry.stat.isFile() || entry.sha256) continue
      const cached = known ? undefined : cache?.find(entry.from, entry.stat)
      if (cached) {
        entry.sha256 = cached
        continue
      }
      if (!heard) onUnknown?.()
      heard = true
      if (read) {
        const hashedAt = Date.now()
        const sha256 = hashOfFile(tree, entry)
        entry.sha256 = sha256
        cache?.set(entry.from, entry.stat, sha256, hashedAt)
      } else filled = 'some'
    }
    source.known = filled
  }
  return sources.every(({ known }) => known === 'all')
}

const wholeLimit = 1 << 20
let piece: Buffer | undefined

/** The SHA-256 of a file's bytes, with others before them. Throws `failed`. */
export function hashOfFile(tree: Tree, entry: Collected, before: Uint8Array = new Uint8Array(0)): Buffer {
  const path = pathOf(`${tree.root}/${entry.from}`)
  try {
    if (entry.stat.size <= wholeLimit) {
      const bytes = readFileSync(path)
      return hash('sha256', before.length ? Buffer.concat([before, bytes]) : bytes, 'buffer')
    }
    piece ??= Buffer.allocUnsafeSlow(4 << 20)
    const hasher = createHash('sha256').update(before)
    const fd = openSync(path, 'r')
    try {
      for (let length = readSync(fd, piece); length > 0; length = readSync(fd, piece)) {
        hasher.update(piece.subarray(0, length))
      }
    } finally {
      closeSync(fd)
    }
    return hasher.digest()
  } catch (cause) {
    const why = errno(cause) ?? String(cause)
    throw new StrakeError('failed', `can't read ${textOf(entry.from)} of ${tree.name}: ${why}`, { cause })
  }
}

/**
 * The digest of all that a COPY brings: names, kinds, modes, owners, contents, link targets, extended attributes where they
 * are kept. Times are left out: touching a file changes nothing.
 */
export function digestOfSources({ bytes }: Listing): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest
}

const listChunk = 1 << 16
/** A guess, which costs nothing where it is too much: memory is there when it is written. */
const recordSize = 256

/** What `digestOfSources` is the digest of: a record for each source and each of its entries. */
export function listSources(sources: readonly CollectedSource[]): Listing {
  const count = sources.reduce((sum, { entries }) => sum + entries.length, sources.length)
  let bytes = Buffer.allocUnsafeSlow(count * recordSize)
  let used = 0
  let pending = ''
  const flush = () => {
    if (used + pending.length > bytes.length) bytes = Buffer.concat([bytes], 2 * (used + pending.length))
    used += bytes.write(pending, used, 'latin1')
    pending = ''
  }
  const add = (line: string) => {
    pending += used === 0 && pending === '' ? line : `\0${line}`
    if (pending.length >= listChunk) flush()
  }
  for (const { name, metadata, entries } of sources) {
    add(`source ${entries.at(0)?.stat.isDirectory() ? '' : name}`)
    for (const entry of entries) {
      const { path, stat, target } = entry
      // The length keeps names that hold any byte from running into what follows.
      let line = `${path.length} ${path} ${stat.mode.toString(8)}`
      if (target !== undefined) line += ` ${target}`
      else if (stat.isFile()) line += ` sha256:${entry.sha256?.toString('hex')}`
      else if (stat.isDevice()) line += ` ${stat.rdev}`
      // Files of a context become root's: whose they are here changes nothing.
      line += metadata ? ` ${stat.uid}:${stat.gid}` : ' 0:0'
      for (const [key, value] of entry.xattrs ?? []) line += ` ${key}=${Buffer.from(value).toString('hex')}`
      add(line)
    }
  }
  flush()
  return { tops: sources.map(({ entries }) => entries.at(0)?.from ?? ''), bytes: bytes.subarray(0, used) }
}

/** How many paths are looked at for near names. */
const maxNames = 2000

function missing(tree: Tree, source: string, path: ByteString): StrakeError {
  const pattern = existsIn(tree, path) ? tree.ignore?.ignored(textOf(path)) : undefined
  const { cause, fix } = missingSource(source, {
    names: pathsOf(tree, path.slice(0, Math.max(0, path.lastIndexOf('/')))),
    ignoredBy: pattern && { file: tree.ignoreFile ?? '.dockerignore', line: pattern.line, pattern: pattern.pattern },
    tree: tree.name,
  })
  return new StrakeError('not_found', `"/${textOf(path)}": not found`, { hint: `${cause}\n${fix}` })
}

function existsIn(tree: Tree, path: ByteString): boolean {
  return tree.stat(resolveInTree(tree, path)) !== undefined
}

/** Paths of the tree, breadth first: those in `near`, then all from the top. */
function pathsOf(tree: Tree, near: ByteString): string[] {
  const paths: string[] = []
  for (const queue = [near, '']; queue.length && paths.length < maxNames; ) {
    const directory = queue.shift()!
    if (!tree.stat(directory)?.isDirectory()) continue
    for (const name of tree.list(directory)) {
      const path = directory === '' ? name : `${directory}/${name}`
      paths.push(textOf(path))
      queue.push(path)
    }
  }
  return [...new Set(paths)]
}
