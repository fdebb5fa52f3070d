import { closeSync, createReadStream, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { applyLayer, decompress } from '../../layers/mod.ts'
import { bytesOf, pathOf } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import { isTarHeader } from '../../tar/mod.ts'
import {
  type Collected,
  type CollectedSource,
  collect,
  digestOfSources,
  fillDigests,
  listSources,
} from '../context/collect.ts'
import { openTree } from '../context/tree.ts'
import type { Execution } from '../execution.ts'
import type { Operation } from '../graph.ts'
import type { Listing } from '../records/listing.ts'
import { type CopyOptions, copyFacts, type LocalSource, operationDigest, writeSources } from './copy.ts'
import { type Download, isUrl } from './download.ts'
import type { PlacedSource } from './place.ts'

/**
 * ADD: as COPY, but a local file that is a tar of any compression is unpacked into the destination, and a URL is
 * downloaded (and not unpacked, as Docker).
 */
export function addOperation(
  from: LocalSource,
  sources: readonly string[],
  options: CopyOptions & { readonly download: Download },
): Operation {
  const local = sources.filter((source) => !isUrl(source))
  const urls = sources.filter(isUrl)
  const digests = new Map<Collected, Digest>()
  let ready: Promise<{ files: CollectedSource[]; downloads: CollectedSource[] }> | undefined

  async function collectAll() {
    const files = collect(from.tree, local, { metadata: false })
    const downloads: CollectedSource[] = []
    for (const url of urls) {
      const file = await options.download(url, options.vertex)
      downloads.push(...collect(openTree(bytesOf(file.directory), url), [file.name], { metadata: false }))
    }
    return { files, downloads }
  }

  const digest = operationDigest('add', sources, options)
  let listing: Listing | undefined
  return {
    digest,
    facts: copyFacts(sources, options),
    listing: () => listing,
    async outside(eager) {
      ready ??= collectAll()
      const { files, downloads } = await ready
      fillDigests(downloads, digests, { cache: undefined, read: true })
      if (!fillDigests(files, digests, { cache: from.statCache, read: eager })) return undefined
      listing = listSources([...files, ...downloads], digests)
      return digestOfSources(listing)
    },
    async execute(execution, layer, [below]) {
      ready ??= collectAll()
      const { files, downloads } = await ready
      const placed: PlacedSource[] = []
      for (const source of files) placed.push((await unpack(execution, source, options.vertex)) ?? source)
      const written = await writeSources(execution, layer, {
        below: below!,
        collected: [...files, ...downloads],
        placed: [...placed, ...downloads],
        digests,
        listing,
        statCache: from.statCache,
        operation: digest,
        copy: options,
      })
      listing = written.listing
      return written
    },
  }
}

let unpacked = 0

/** The contents of an archive, unpacked into a directory of the build; undefined for anything else. */
async function unpack(
  execution: Execution,
  source: CollectedSource,
  vertex: string,
): Promise<PlacedSource | undefined> {
  const [file] = source.entries
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
      entries: contents.entries.map((entry) => ({ ...entry, unnamed: leading.has(entry.path) })),
    }
  )
}

/** Whether the file, decompressed, begins with the header of a tar. */
async function isArchive(path: string | Buffer): Promise<boolean> {
  const fd = openSync(path, 'r')
  const start = Buffer.alloc(64 << 10)
  const length = readSync(fd, start, 0, start.length, 0)
  closeSync(fd)
  try {
    const block = Buffer.alloc(512)
    let have = 0
    for await (const chunk of decompress(Readable.from([start.subarray(0, length)]))) {
      have += Buffer.from(chunk).copy(block, have)
      if (have === block.length) return isTarHeader(block)
    }
  } catch {
    // A file that only looks compressed, or whose first block of compressed data is longer than what was read.
  }
  return false
}
