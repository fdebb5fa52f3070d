import { bytesOf, type SourceRange, StrakeError, textOf } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import { atRange } from '../at-range.ts'
import { keyOf } from '../cache.ts'
import { type CollectedSource, collect, digestOfSources, fillDigests, listSources } from '../context/collect.ts'
import { changed } from '../context/collected.ts'
import { isPattern, openTree, resolveInTree, type Tree } from '../context/tree.ts'
import { type Execution, viewRoot } from '../execution.ts'
import type { Operation, Result } from '../graph.ts'
import type { Listing } from '../records/listing.ts'
import { buildkitContent } from '../transfer/content-hash.ts'
import { type LocalSource, writeSources } from './copy.ts'
import { copyDefinition } from './definition.ts'

/** Where the file or directory that `mountedFiles` brings is found in its result. */
export const mountedName = 'files'

/**
 * What RUN --mount=type=bind sees of a context: the file or directory `path`, without what the ignore file hides, owned by
 * root, as a root file system that has it as `mountedName`. It depends on that path only.
 */
export function mountedFiles(
  from: LocalSource,
  path: string,
  { vertex, range }: { vertex: string; range: SourceRange },
): Operation {
  let found: CollectedSource | undefined
  const plain = () => atRange(range, () => collectPlain(from.tree, path, { metadata: false }))
  const collected = () => {
    found ??= rerooted(plain(), from.tree)
    return [found]
  }
  let listing: Listing | undefined
  const digest = keyOf('mounted-files', path)
  return {
    digest,
    buildkit: { digests: () => [], inputs: [], files: () => buildkitContent([path], [plain()]) },
    facts: { path },
    definition: copyDefinition([{ path, from: 0 }], { destination: `/${mountedName}` }, [from.origin]),
    listing: () => listing,
    reads: from,
    async outside(eager) {
      if (!listing && fillDigests(collected(), { cache: from.statCache, read: eager })) {
        listing = listSources(collected())
      }
      return listing && digestOfSources(listing)
    },
    async execute(execution, layer, [below]) {
      const written = await writeSources(execution, layer, {
        below: below!,
        collected: collected(),
        listing,
        statCache: from.statCache,
        operation: digest,
        copy: { destination: '/', vertex },
      })
      listing = written.listing
      return written
    },
  }
}

/** One file or directory by its very name, which may look like a pattern. Throws `not_found`. */
function collectPlain(tree: Tree, path: string, options: { readonly metadata: boolean }): CollectedSource {
  const [found] = collect(tree, [isPattern(path) ? path.replace(/[*?[\\]/g, '\\$&') : path], options)
  if (!found) throw notFound(path)
  return found
}

function notFound(path: string): StrakeError {
  return new StrakeError('not_found', `"/${path.replace(/^\/+/, '')}": not found`, {
    hint: 'The source of the mount is not there. Paths begin at the root of the context, the stage or the image.',
  })
}

/** The same things below `mountedName`, so that a directory keeps its own mode and time. */
function rerooted(source: CollectedSource, tree: Tree): CollectedSource {
  const entries = Array.from(source.entries, (entry) =>
    changed(entry, { path: entry.path === '' ? bytesOf(mountedName) : `${mountedName}/${entry.path}` }),
  )
  return { ...source, entries: [{ path: '', from: '', stat: tree.stat('')!, unnamed: true }, ...entries] }
}

/** Digests of paths of results that were read in this process: several steps may mount the same stage. */
const known = new WeakMap<Result, Map<string, Digest>>()

/** The path of a file or directory of a root file system, its symlinks followed. Throws `not_found`. */
export function pathInRoot(root: string, path: string): string {
  const tree = openTree(bytesOf(root), 'the mounted root')
  const resolved = resolveInTree(tree, bytesOf(path))
  if (resolved === '') return root
  if (!tree.stat(resolved)) throw notFound(path)
  return `${root}/${textOf(resolved)}`
}

/** The digest of what is at `path` in a result: names, modes, owners and contents, but no times. */
export function digestInRoot(execution: Execution, result: Result, path: string): Digest {
  const digests = known.get(result) ?? new Map<string, Digest>()
  known.set(result, digests)
  const before = digests.get(path)
  if (before) return before
  using root = viewRoot(execution, result.snapshot)
  const source = collectPlain(openTree(bytesOf(root.path), 'the mounted root'), path, { metadata: true })
  fillDigests([source], { cache: undefined, read: true })
  const digest = digestOfSources(listSources([source]))
  digests.set(path, digest)
  return digest
}
