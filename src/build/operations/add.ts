import { createReadStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { applyLayer } from '../../layers/mod.ts'
import { bytesOf, pathOf, type SourceRange } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import { keyOf } from '../cache.ts'
import { isArchive } from '../context/archive.ts'
import { type CollectedSource, collect, digestOfSources, fillDigests, listSources } from '../context/collect.ts'
import { changed } from '../context/collected.ts'
import type { RemoteSource } from '../context/remote.ts'
import { openTree } from '../context/tree.ts'
import type { Execution } from '../execution.ts'
import type { Operation } from '../graph.ts'
import type { Listing } from '../records/listing.ts'
import { type BuildKitStep, copyStep } from '../transfer/buildkit-keys.ts'
import { buildkitContent } from '../transfer/content-hash.ts'
import { type CopyOptions, copyFacts, isPlain, type LocalSource, operationDigest, writeSources } from './copy.ts'
import { copyDefinition, type Definition } from './definition.ts'
import type { PlacedSource } from './place.ts'

/** A source of ADD. `unpack`: where it is a tar of any compression, its contents are meant. */
export type AddSource =
  | { readonly kind: 'local'; readonly path: string; readonly range: SourceRange; readonly unpack: boolean }
  | { readonly kind: 'remote'; readonly url: string; readonly remote: RemoteSource; readonly unpack: boolean }

/** ADD of files, in BuildKit's words. What is fetched would need others. */
function buildkitOf(
  sources: readonly AddSource[],
  options: CopyOptions,
  collected: () => readonly CollectedSource[],
): BuildKitStep | undefined {
  if (!isPlain(options) || options.heredocs?.length || sources.some(({ kind, unpack }) => kind !== 'local' || !unpack))
    return undefined
  const paths = sources.flatMap((source) => (source.kind === 'local' ? [source.path] : []))
  return copyStep(paths, { ...options, unpack: true }, () => buildkitContent(paths, collected()))
}

/** ADD: as COPY, but what is not here is fetched, and archives are unpacked into the destination. */
export function addOperation(from: LocalSource, sources: readonly AddSource[], options: CopyOptions): Operation {
  const { exclude } = options
  let collected: ReadonlyMap<AddSource, readonly CollectedSource[]> | undefined
  const collectLocal = () => {
    collected ??= new Map(
      sources.flatMap((source) =>
        source.kind === 'local'
          ? [
              [
                source,
                collect(from.tree, [source.path], {
                  metadata: false,
                  incidental: true,
                  exclude,
                  ranges: [source.range],
                }),
              ] as const,
            ]
          : [],
      ),
    )
    return collected
  }

  let listing: Listing | undefined
  async function outsideKey(eager: boolean): Promise<Digest | undefined> {
    const local = [...collectLocal().values()].flat()
    const complete = fillDigests(local, { cache: from.statCache, read: eager })
    const keys = await Promise.all(sources.flatMap((source) => (source.kind === 'remote' ? [source.remote.key()] : [])))
    if (!complete) return undefined
    listing = listSources(local)
    const files = digestOfSources(listing)
    return keys.length ? keyOf('add', files, ...keys) : files
  }

  const words = sources.map(({ kind, unpack, ...source }) => [kind, unpack, 'path' in source ? source.path : ''])
  const names = sources.map((source) => (source.kind === 'local' ? source.path : source.url))
  const digest = operationDigest('add', words, options)
  return {
    digest,
    buildkit: buildkitOf(sources, options, () => [...collectLocal().values()].flat()),
    facts: { ...copyFacts(names, options), '--unpack': sources.map(({ unpack }) => unpack).join(' ') },
    definition: addDefinition(from, sources, options),
    listing: () => listing,
    // What a server gives is checked for each that asks.
    ...(sources.every(({ kind }) => kind === 'local') && { reads: from }),
    outside: outsideKey,
    async execute(execution, layer, [below]) {
      const local = collectLocal()
      const placed: PlacedSource[] = []
      for (const source of sources) {
        const found = local.get(source) ?? (await fetchSource(source, exclude))
        for (const file of found) {
          placed.push((source.unpack && (await unpack(execution, file, options.vertex))) || file)
        }
      }
      const { layer: info } = await writeSources(execution, layer, {
        below: below!,
        collected: [...local.values()].flat(),
        placed,
        listing,
        statCache: from.statCache,
        operation: digest,
        copy: options,
      })
      const outside = await outsideKey(true)
      return { ...(info && { layer: info }), ...(outside && { outside }) }
    },
  }
}

function addDefinition({ origin }: LocalSource, sources: readonly AddSource[], options: CopyOptions): Definition {
  const origins = [...new Set(sources.map((source) => (source.kind === 'local' ? origin : source.url)))]
  const paths = sources.map((source) => {
    const [path, from] = source.kind === 'local' ? [source.path, origin] : ['/', source.url]
    return { path, from: origins.indexOf(from), unpack: source.unpack }
  })
  return copyDefinition(paths, options, origins)
}

async function fetchSource(source: AddSource, exclude: CopyOptions['exclude']): Promise<CollectedSource[]> {
  if (source.kind === 'local') return []
  const { directory, file } = await source.remote.fetch()
  const tree = openTree(bytesOf(directory), source.url)
  // A server tells the time of a file; a repository knows none.
  return collect(tree, [file ?? '.'], { metadata: false, incidental: file === undefined, exclude })
}

let unpacked = 0

/** The contents of an archive, unpacked into a directory of the build; undefined for anything else. */
async function unpack(
  execution: Execution,
  source: CollectedSource,
  vertex: string,
): Promise<PlacedSource | undefined> {
  const file = source.entries.at(0)
  if (!file?.stat.isFile() || source.entries.length > 1) return undefined
  const path = pathOf(`${source.tree.root}/${file.from}`)
  if (!(await isArchive(path))) return undefined
  const directory = join(execution.scratch, `${vertex}-archive-${++unpacked}`)
  mkdirSync(directory)
  const { unnamed } = await applyLayer(directory, createReadStream(path), {
    signal: execution.signal,
    whiteouts: 'keep',
  })
  const [contents] = collect(openTree(bytesOf(directory), source.name), ['.'], { metadata: true })
  const leading = new Set(['', ...unnamed])
  return (
    contents && {
      ...contents,
      archive: true,
      whole: unnamed.length === 0,
      entries: Array.from(contents.entries, (entry) => changed(entry, { unnamed: leading.has(entry.path) })),
    }
  )
}
