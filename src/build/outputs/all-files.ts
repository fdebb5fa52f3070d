import type { LayerEntry } from '../../layers/mod.ts'
import { bytesOf, StrakeError, textOf } from '../../lib/mod.ts'
import { formatPlatform } from '../../oci/mod.ts'
import type { Attestor } from '../attestations/attestor.ts'
import { type Execution, viewRoot } from '../execution.ts'
import { filesOf } from './files.ts'
import type { Finished } from './finished.ts'
import { placeOf } from './names.ts'
import { withStatements } from './statements.ts'

interface FilesOptions {
  /** Each platform's in a folder of its own: `linux_arm_v7`. */
  readonly split: boolean
  readonly attestor: Attestor | undefined
  /** See `FileForm.attestationPrefix`. */
  readonly prefix: string | undefined
}

/** The files of all targets, and what is attested of them; those of several each in a folder. Throws as `filesOfTarget`. */
export async function* allFiles(
  execution: Execution,
  targets: readonly Finished[],
  options: FilesOptions,
): AsyncGenerator<LayerEntry> {
  for (const finished of targets) {
    const files = filesOfTarget(execution, finished, options)
    yield* targets.length > 1 ? inFolder(placeOf(finished), files, finished.epoch) : files
  }
}

async function* inFolder(name: string, entries: AsyncIterable<LayerEntry>, time = 0n): AsyncGenerator<LayerEntry> {
  const folder = bytesOf(name)
  yield { path: folder, mode: 0o755, uid: 0, gid: 0, mtime: time, kind: 'directory' }
  for await (const entry of entries) yield below(folder, entry)
}

/** Throws `invalid` where two platforms have the same file, and they are not split. */
async function* filesOfTarget(
  execution: Execution,
  { images, epoch }: Finished,
  { split, attestor, prefix }: FilesOptions,
): AsyncGenerator<LayerEntry> {
  const seen = new Map<string, string>()
  for (const image of images) {
    using root = viewRoot(execution, image.snapshot)
    const folder = formatPlatform(image.platform).replaceAll('/', '_')
    const list = () => filesOf(root.path, { time: epoch, signal: execution.signal })
    const platform = images.length > 1 && !split ? folder : undefined
    const files = attestor ? withStatements(list, attestor.files(image, { platform, prefix }), epoch) : list()
    if (split) {
      yield* inFolder(folder, files, epoch)
      continue
    }
    for await (const entry of files) {
      if (images.length === 1) yield entry
      else {
        const name = formatPlatform(image.platform)
        const before = entry.kind === 'directory' ? undefined : seen.get(entry.path)
        if (before !== undefined) {
          const message = `cannot overwrite ${textOf(entry.path)} from ${before} with ${name} when split option is disabled`
          throw new StrakeError('invalid', message, {
            hint: 'Leave platform-split=false out, or give the files different names.',
          })
        }
        if (entry.kind !== 'directory') seen.set(entry.path, name)
        yield entry
      }
    }
  }
}

/** A hard link names its target from the root of the archive. */
function below(folder: LayerEntry['path'], entry: LayerEntry): LayerEntry {
  const path = `${folder}/${entry.path}` as LayerEntry['path']
  if (entry.kind !== 'link') return { ...entry, path }
  return { ...entry, path, target: `${folder}/${entry.target}` as LayerEntry['path'] }
}
