import { enterPrivateMounts } from '../../host/mod.ts'
import { earlierFiles, expectLayer, forgetFiles, noteFiles, writeLayer } from '../../layers/mod.ts'
import { bytesOf, type SourceRange, textOf } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import type { ActiveSnapshot, LayerInfo, SnapshotId } from '../../store/mod.ts'
import { keyOf } from '../cache.ts'
import { type CollectedSource, collect, digestOfSources, fillDigests, listSources } from '../context/collect.ts'
import type { StatCache } from '../context/stat-cache.ts'
import { openTree, type Tree } from '../context/tree.ts'
import { type Execution, viewRoot } from '../execution.ts'
import type { Executed, Operation, Result } from '../graph.ts'
import { type Facts, opaqueFact } from '../records/account.ts'
import type { Listing } from '../records/listing.ts'
import { type BuildKitStep, copyStep, copyTextStep } from '../transfer/buildkit-keys.ts'
import { buildkitContent } from '../transfer/content-hash.ts'
import { parseChmod } from './chmod.ts'
import { copyDefinition } from './definition.ts'
import { resolveOwner } from './owner.ts'
import { type MadeFile, type PlacedSource, place } from './place.ts'

export interface CopyOptions {
  /** Absolute; a closing slash means a directory. */
  readonly destination: string
  readonly chown?: string
  /** Octal or symbolic. */
  readonly chmod?: string
  /** Patterns of files that are left out. */
  readonly exclude?: readonly string[]
  /** Sources are patterns, and keep their paths. */
  readonly parents?: boolean
  readonly heredocs?: readonly MadeFile[]
  /** Where each of the sources stands in the Dockerfile. */
  readonly ranges?: readonly SourceRange[]
  /** For a reproducible layer: no time in it is later. Nanoseconds since the epoch. */
  readonly epoch?: bigint
  /** Id of the vertex, for progress. */
  readonly vertex: string
}

/** A directory of the machine that a build reads. */
export interface LocalSource {
  readonly tree: Tree
  /** As provenance names it: `local://context`, or the repository or URL that it was fetched from. */
  readonly origin: string
  readonly statCache: StatCache | undefined
}

/** COPY from a context. */
export function copyFromContext(from: LocalSource, sources: readonly string[], options: CopyOptions): Operation {
  let collected: CollectedSource[] | undefined
  let outside: Digest | undefined
  let listing: Listing | undefined
  const digest = operationDigest('copy', sources, options)
  return {
    digest,
    buildkit: contextStep(sources, options, () => {
      collected ??= collectFor(options, from.tree, sources, false)
      return collected
    }),
    facts: copyFacts(sources, options),
    definition: copyDefinition(
      sources.map((path) => ({ path, from: 0 })),
      options,
      sources.length > 0 ? [from.origin] : [],
    ),
    listing: () => listing,
    reads: from,
    async outside(eager) {
      if (outside) return outside
      const all = collected ?? collectFor(options, from.tree, sources, false)
      collected = all
      const filled = fillDigests(all, { cache: from.statCache, read: eager, onUnknown: () => expectWriting(all) })
      if (!filled) return undefined
      listing = listSources(collected)
      outside = digestOfSources(listing)
      return outside
    },
    async execute(execution, layer, [below]) {
      collected ??= collectFor(options, from.tree, sources, false)
      const written = await writeSources(execution, layer, {
        below: below!,
        collected,
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

/** COPY from a context in BuildKit's words. */
function contextStep(
  sources: readonly string[],
  options: CopyOptions,
  collected: () => readonly CollectedSource[],
): BuildKitStep | undefined {
  const { heredocs = [] } = options
  if (!isPlain(options) || heredocs.length > 1 || (heredocs.length > 0 && sources.length > 0)) return undefined
  const [text] = heredocs
  if (text) return copyTextStep({ name: textOf(text.name), bytes: text.bytes }, options)
  return copyStep(sources, options, () => buildkitContent(sources, collected()))
}

/** COPY --from: a stage's or an image's root, the second input. */
export function copyFromRoot(name: string, sources: readonly string[], options: CopyOptions): Operation {
  const collectFrom = (path: string) => collectFor(options, openTree(bytesOf(path), name), sources, true)
  const digest = operationDigest('copy-from', sources, options)
  let listing: Listing | undefined
  return {
    digest,
    ...(isPlain(options) && { buildkit: copyStep(sources, options) }),
    facts: copyFacts(sources, options),
    definition: copyDefinition(
      sources.map((path) => ({ path })),
      options,
    ),
    from: name,
    listing: () => listing,
    async contents(execution, inputs) {
      using root = viewRoot(execution, inputs[1]!.snapshot)
      const collected = collectFrom(root.path)
      fillDigests(collected, { cache: undefined, read: true })
      listing = listSources(collected)
      return digestOfSources(listing)
    },
    async execute(execution, layer, inputs) {
      using root = viewRoot(execution, inputs[1]!.snapshot)
      const written = await writeSources(execution, layer, {
        below: inputs[0]!,
        collected: collectFrom(root.path),
        listing,
        statCache: undefined,
        operation: digest,
        copy: options,
      })
      listing = written.listing
      return { layer: written.layer, ...(written.outside && { contents: written.outside }) }
    },
  }
}

/** Whether nothing is asked for but the copy itself, with an owner and a mode. */
export function isPlain({ chmod = '0', exclude, parents, epoch }: CopyOptions): boolean {
  return /^[0-7]{1,4}$/.test(chmod) && !(exclude?.length || parents || epoch !== undefined)
}

export function operationDigest(kind: string, sources: readonly unknown[], options: CopyOptions): Digest {
  const heredocs = options.heredocs?.map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')])
  const { destination, chown, chmod, exclude, parents, epoch } = options
  const filter = (exclude?.length || parents || epoch !== undefined) && JSON.stringify([exclude, parents, `${epoch}`])
  const made = heredocs && JSON.stringify(heredocs)
  return keyOf(kind, JSON.stringify(sources), destination, chown, chmod, made, ...(filter ? [filter] : []))
}

function collectFor(
  { exclude, parents, ranges }: CopyOptions,
  tree: Tree,
  sources: readonly string[],
  metadata: boolean,
): CollectedSource[] {
  return collect(tree, sources, { metadata, incidental: !metadata, exclude, parents, ranges })
}

/** What `operationDigest` is made of, for people. */
export function copyFacts(sources: readonly string[], options: CopyOptions): Facts {
  const { destination, chown, chmod, exclude = [], parents, epoch, heredocs = [] } = options
  return {
    sources: sources.join(' '),
    destination,
    ...(chown !== undefined && { '--chown': chown }),
    ...(chmod !== undefined && { '--chmod': chmod }),
    ...(exclude.length > 0 && { '--exclude': exclude.join(' ') }),
    ...(parents && { '--parents': 'true' }),
    ...(epoch !== undefined && { SOURCE_DATE_EPOCH: `${epoch / 1_000_000_000n}` }),
    ...Object.fromEntries(heredocs.map(({ name, bytes }) => [`the here-document ${name}`, opaqueFact(bytes)])),
  }
}

export interface Writing {
  /** The root file system that the layer stands on. */
  readonly below: Result
  readonly collected: readonly CollectedSource[]
  /** All of them with their digests, if those are known; they are added otherwise. */
  readonly listing?: Listing | undefined
  readonly statCache: StatCache | undefined
  /** The operation's digest. */
  readonly operation: Digest
  readonly copy: CopyOptions
  /** What is placed, where that is not what was collected (archives that ADD unpacks). */
  readonly placed?: readonly PlacedSource[]
}

/** Below that, copying costs less than to find out what need not be copied. */
const worthSharing = { entries: 256, bytes: 8 * 1024 * 1024 }
/** overlayfs takes some 230 directories: what lies over another layer brings two of them. */
const mostDirectories = 100

export interface Written extends Executed {
  readonly layer: LayerInfo
  readonly listing: Listing
}

/** Its layer is to be written, most likely. */
function expectWriting(collected: readonly CollectedSource[]): void {
  // Threads that start before the first mount see none of those that a later COPY --from reads.
  enterPrivateMounts()
  expectLayer(sizeOf(collected))
}

function sizeOf(collected: readonly CollectedSource[]): { files: number; bytes: number } {
  let files = 0
  let bytes = 0
  for (const { entries } of collected) {
    files += entries.length
    for (const { stat } of entries) bytes += stat.size
  }
  return { files, bytes }
}

/** The layers that the operation made before and that are no difference to another one: those have the notes of what is in them. */
function earlierLayers({ earlier, store }: Execution, operation: Digest, parent: SnapshotId | undefined) {
  const whole = earlier(operation).map((id) => {
    const { sharing } = store.snapshots.get(id)
    return sharing?.over ? sharing.with : id
  })
  return [...new Set(whole)].map((id) => ({
    id,
    dir: store.snapshots.dir(id),
    // Otherwise it would keep a base that nobody needs any more.
    mayLieBelow: store.snapshots.get(id).parent === parent,
  }))
}

/** Writes the layer and tells the digest of its sources. Each file is read once. */
export async function writeSources(execution: Execution, layer: ActiveSnapshot, writing: Writing): Promise<Written> {
  const { below, collected, statCache, operation, copy } = writing
  const { snapshots } = execution.store
  const readAt = Date.now()
  using lower = viewRoot(execution, below.snapshot)
  expectWriting(collected)
  fillDigests(collected, { cache: statCache, read: false })
  const owner =
    copy.chown === undefined
      ? undefined
      : resolveOwner(lower.path, copy.chown, `--chown=${copy.chown}`, execution.progress)
  const own = new Set(collected)
  const {
    entries,
    count,
    bytes: total,
  } = place([...(writing.placed ?? collected), ...(copy.heredocs ?? [])], {
    destination: bytesOf(copy.destination),
    lower: openTree(bytesOf(lower.path), 'the image'),
    owner,
    chmod: copy.chmod === undefined ? undefined : parseChmod(copy.chmod),
    now: copy.epoch ?? BigInt(readAt) * 1_000_000n,
    epoch: copy.epoch,
    onHash(file, source) {
      if (own.has(source)) statCache?.set(file.from, file.stat, file.sha256!, readAt)
    },
  })
  const share =
    statCache !== undefined &&
    (count > worthSharing.entries || total > worthSharing.bytes) &&
    snapshots.stack(below.snapshot).length < mostDirectories
  const tell = (current: number, done = false) =>
    execution.progress({
      kind: 'status',
      vertex: copy.vertex,
      id: 'copy',
      label: `copying to ${copy.destination}`,
      unit: 'bytes',
      current,
      total,
      counts: 'read',
      ...(done && { done }),
    })
  const older = share ? earlierLayers(execution, operation, below.snapshot) : []
  const earlier = earlierFiles(entries, older)
  const written = await writeLayer(layer.dir, entries, {
    digests: true,
    earlier,
    signal: execution.signal,
    onProgress: tell,
  })
  tell(total, true)
  if (share && !earlier?.over) noteFiles(layer.dir, entries)
  const from = older.find(({ dir }) => dir === earlier?.dir)
  if (from && earlier && (earlier.over || earlier.bytes)) {
    const { dir, over, bytes } = earlier
    snapshots.share(layer.id, { with: from.id, bytes, over })
    // Its note takes space that nobody needs, unless it is the layer of something else that has a file like one of ours.
    if (!over && bytes > total / 2) forgetFiles(dir)
  }
  // What was not written as a file of its own: second names of a file, archives, what a later source replaced.
  if (!writing.listing) fillDigests(collected, { cache: statCache, read: true })
  const listing = writing.listing ?? listSources(collected)
  return { layer: written, listing, ...(!writing.listing && { outside: digestOfSources(listing) }) }
}
