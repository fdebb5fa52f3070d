import type { LayerEntry } from '../../layers/mod.ts'
import { bytesOf, StrakeError, textOf } from '../../lib/mod.ts'
import { formatPlatform } from '../../oci/mod.ts'
import type { Attestor } from '../attestations/attestor.ts'
import { type Execution, viewRoot } from '../execution.ts'
import type { FinishedImage } from './assemble.ts'
import type { Finished } from './export.ts'
import { filesOf } from './files.ts'
import { withStatements } from './statements.ts'

/** The folder of an image's files where each platform has one: `linux_arm_v7`. */
export function folderOf({ platform }: FinishedImage): string {
  return formatPlatform(platform).replaceAll('/', '_')
}

interface FilesOptions {
  readonly split?: boolean
  readonly attestor?: Attestor | undefined
  /** See `FileForm.attestationPrefix`. */
  readonly prefix?: string | undefined
}

/**
 * The files of all images that were built of a target, and what is attested of them; with `split` each platform's in a folder of its own. Throws `invalid` where
 * two of them have the same file and it is not.
 */
export async function* allFiles(
  execution: Execution,
  { images, epoch }: Pick<Finished, 'images' | 'epoch'>,
  { split = false, attestor, prefix }: FilesOptions = {},
): AsyncGenerator<LayerEntry> {
  const seen = new Map<string, string>()
  for (const image of images) {
    using root = viewRoot(execution, image.snapshot)
    const folder = bytesOf(folderOf(image))
    if (split) yield { path: folder, mode: 0o755, uid: 0, gid: 0, mtime: 0n, kind: 'directory' }
    const list = () => filesOf(root.path, { time: epoch, signal: execution.signal })
    const platform = images.length > 1 && !split ? folder : undefined
    const files = attestor ? withStatements(list, attestor.files(image, { platform, prefix }), epoch) : list()
    for await (const entry of files) {
      if (split) yield below(folder, entry)
      else if (images.length === 1) yield entry
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
