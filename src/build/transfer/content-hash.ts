import { posix } from 'node:path'
import { type ByteString, bytesOf } from '../../lib/mod.ts'
import { type Digest, digestOf } from '../../oci/mod.ts'
import { type CollectedSource, hashOfFile } from '../context/collect.ts'
import type { Collected } from '../context/collected.ts'
import { isPattern } from '../context/tree.ts'
import { contentKey } from './buildkit-keys.ts'

/**
 * The key under which BuildKit knows the files that a COPY takes from a context (cache/contenthash): hashes of headers and
 * contents, of directories with all that is below them. Undefined for what it reads in another way. Reads the files.
 *
 * @param collected what the sources name, in their order; a pattern may name several
 */
export function buildkitContent(sources: readonly string[], collected: readonly CollectedSource[]): Digest | undefined {
  if (sources.some((source) => source.includes('\\'))) return undefined
  const found = [...collected]
  const parts: { readonly path: string; readonly pattern: boolean; readonly digest: Digest }[] = []
  for (const source of sources) {
    const path = posix.join('/', source).replace(/(.)\/$/, '$1')
    const pattern = isPattern(path)
    if (pattern && (isPattern(posix.dirname(path)) || sources.length > 1)) return undefined
    const digest = pattern ? patternDigest(found.splice(0)) : treeDigest(found.shift()!)
    if (!digest) return undefined
    parts.push({ path, pattern, digest })
  }
  // What is below another one, and what is named twice, is read once.
  const kept = parts.filter(
    ({ path }, i) =>
      !parts.some((other, j) => (other.path === path ? j < i : path.startsWith(`${other.path}/`.replace('//', '/')))),
  )
  kept.sort((a, b) => (bytesOf(a.path) < bytesOf(b.path) ? -1 : 1))
  return contentKey(kept.map(({ digest }) => digest))
}

/** Files by their names; directories and links that a pattern meets are read otherwise. */
function patternDigest(matches: readonly CollectedSource[]): Digest | undefined {
  if (matches.some(({ entries }) => entries.length !== 1 || !entries.at(0)!.stat.isFile())) return undefined
  const named = [...matches].sort((a, b) => (a.name < b.name ? -1 : 1))
  const texts = named.map((match) => `${match.name}${fileDigest(match, match.entries.at(0)!)}`)
  return digestOf(Buffer.from(texts.join('\0'), 'latin1'))
}

interface Node {
  readonly entry: Collected
  readonly children: Map<ByteString, Node>
}

function treeDigest(source: CollectedSource): Digest | undefined {
  const nodes = new Map<ByteString, Node>()
  for (const entry of source.entries) {
    const { stat, path } = entry
    if (!(stat.isFile() || stat.isDirectory() || stat.isSymbolicLink()) || path.includes('\xff')) return undefined
    const node = { entry, children: new Map() }
    nodes.set(path, node)
    const slash = path.lastIndexOf('/')
    if (path !== '') nodes.get(path.slice(0, Math.max(0, slash)))?.children.set(path.slice(slash + 1), node)
  }
  const top = nodes.get('')
  return top && nodeDigest(source, top)
}

function nodeDigest(source: CollectedSource, { entry, children }: Node): Digest {
  if (!entry.stat.isDirectory()) return fileDigest(source, entry)
  // The root of a context is made by the transfer, and has no header.
  const header = entry.from === '' ? digestOf('') : digestOf(headerOf(entry))
  const parts = [`\0${header}`]
  for (const name of [...children.keys()].sort((a, b) => (a < b ? -1 : 1))) {
    parts.push(`\0${name}${nodeDigest(source, children.get(name)!)}`)
  }
  return digestOf(Buffer.from(parts.join(''), 'latin1'))
}

function fileDigest({ tree }: CollectedSource, entry: Collected): Digest {
  const header = headerOf(entry)
  return entry.stat.isFile()
    ? (`sha256:${hashOfFile(tree, entry, header).toString('hex')}` as Digest)
    : digestOf(header)
}

/** cache/contenthash/tarsum.go, of what has no name and belongs to root. */
function headerOf({ stat, target = '' }: Collected): Buffer {
  const type = stat.isDirectory() ? '5' : stat.isSymbolicLink() ? '2' : '0'
  const size = type === '0' ? stat.size : 0
  const mode = stat.mode & 0o7777
  const text = `namemode${mode}uid0gid0size${size}typeflag${type}linkname${target}unamegnamedevmajor0devminor0`
  return Buffer.from(text, 'latin1')
}
